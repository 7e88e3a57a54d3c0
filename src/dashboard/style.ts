// The page's style sheet: the report's colours and charts (evaluate/report/style.ts), and what an application needs besides. No
// fonts, no pictures, nothing loaded from anywhere.
import { toText } from '../evaluate/report/html.ts';
import { STYLE as REPORT } from '../evaluate/report/style.ts';

const PAGE = `
:root{--c0:#1f5fa8;--c1:#8f5a12;--c2:#b23f56;--c3:#1c6e4c;--c4:#6b4ea0;--c5:#55606e;--faint:#646c78;--accent:#1f5fa8;--heat:31,95,168}
@media (prefers-color-scheme:dark){:root{--c0:#78b0f0;--c1:#e0ad52;--c2:#ec8a9c;--c3:#6cc79d;--c4:#b59ae8;--c5:#aab3bf;--faint:#98a1ad;--accent:#78b0f0;--heat:90,150,220}}
[hidden]{display:none!important}
body{font-size:15px;line-height:1.5}
#app{max-width:1400px;margin:0 auto;padding:0 24px 64px}
main,header.head{max-width:none;padding:0}header.head{padding:12px 0}
main:focus{outline:none}
.head{display:flex;align-items:center;gap:24px;border-bottom:1px solid var(--line);position:sticky;top:0;background:var(--page);z-index:5}
.head nav{display:flex;gap:4px;flex-wrap:wrap;flex:1}
.head nav a{white-space:nowrap;padding:6px 12px;border-radius:6px;text-decoration:none;color:var(--muted)}
.head nav a:hover{background:var(--soft)}
.head nav a[aria-current]{color:var(--ink);background:var(--soft);font-weight:600}
.brand{font-weight:700;letter-spacing:-.01em}
.badge{margin-left:8px;padding:1px 8px;border-radius:9px;background:var(--bad);color:var(--page);font-size:12px;font-weight:600}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--page);z-index:9;padding:6px}
.notice{min-height:0;position:fixed;right:24px;bottom:24px;z-index:8}
.notice:not(:empty){background:var(--ink);color:var(--page);padding:8px 14px;border-radius:6px;max-width:min(90vw,480px)}
h1{font-size:22px;font-weight:650;color:var(--ink);margin:24px 0 12px;letter-spacing:-.012em}
h2{font-size:19px;margin:40px 0 6px}
h3{margin:32px 0 6px;font-size:16px}
h4{font-size:14px;margin:20px 0 6px}
.faint,td.faint{color:var(--faint)}.good,td.good,.right{color:var(--good)}.bad,td.bad,.wrong{color:var(--bad)}
h3.right,h3.wrong,h3.unjudged{margin-top:24px}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.strong{font-weight:650}.strong small{font-weight:400}
td small,th small{display:block;color:var(--faint);font-weight:400}
.failed{color:var(--bad)}
.faults{margin:12px 0;padding:10px 14px;border-left:3px solid var(--bad);background:var(--soft);font-size:14px;max-width:80em}
.faults ul{padding-left:18px}
.hiddenchar{font:600 11px/1.4 ui-monospace,Menlo,Consolas,monospace;border:1px solid var(--bad);color:var(--bad);border-radius:3px;padding:0 3px;margin:0 1px;unicode-bidi:isolate;direction:ltr}
button,select,input,textarea{font:inherit;font-size:14px;color:inherit;background:var(--page);border:1px solid var(--line);border-color:var(--faint);border-radius:6px;padding:5px 10px}
button{cursor:pointer;background:var(--soft)}button:hover:not(:disabled){border-color:var(--ink)}button:disabled{opacity:.5;cursor:default}
button.quiet{background:none;border-color:transparent;color:var(--muted);padding:2px 8px}
button.quiet:hover{border-color:var(--line)}
input[type=checkbox]{width:16px;height:16px;accent-color:var(--accent);vertical-align:middle}
textarea{width:100%;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.bar{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin:12px 0}
.bar.tight{align-items:center;margin:0 0 12px}
.field{display:flex;flex-direction:column;font-size:12.5px;color:var(--muted);gap:2px;min-width:0}
.field select{max-width:290px}.field input[type=number]{width:100px}
progress{height:6px;width:120px;accent-color:var(--accent);display:block}
.scroll{margin-top:10px;max-width:100%}
table{font-size:14px}
.grid,.runs{font-variant-numeric:tabular-nums}
.grid th,.grid td,.runs th,.runs td{padding:7px 16px 7px 0;vertical-align:top;font-weight:400;border-bottom:1px solid var(--line)}
.grid thead th,.runs thead th,.results thead th{color:var(--muted);font-size:13px;font-weight:400}
.grid tbody th,.runs tbody th{font-weight:600}
.grid{width:auto}.grid.log{width:100%}
.runs td:first-child{white-space:nowrap;width:52px}
.runs tr.chosen,.grid tr.chosen,td.chosen{background:var(--soft)}
.runs .number,.grid .number{padding-left:12px}
.live{color:var(--good);font-weight:600}
.results{min-width:0;width:auto}.results th,.results td{border-bottom:1px solid var(--line);padding:8px 0 8px 28px}
.results th[scope=row]{width:auto;font-weight:600}
.results tfoot th,.results tfoot td{color:var(--muted)}
.heat small{opacity:.85}.heats td.heat{color:var(--ink);padding-right:10px}.heats td.heat small{color:inherit}
.h0{background:rgba(var(--heat),0)}.h1{background:rgba(var(--heat),.08)}.h2{background:rgba(var(--heat),.15)}.h3{background:rgba(var(--heat),.22)}.h4{background:rgba(var(--heat),.29)}.h5{background:rgba(var(--heat),.36)}
.coverage caption{padding-bottom:6px}
.chart{position:relative}.saves{position:absolute;right:44px;bottom:-8px}.saves button{font-size:12px;padding:2px 6px}
.chart figcaption{min-height:22px}
.drawing:focus-visible{outline-offset:6px}
.drawing path,.swatch path{fill:none}
.tone0{stroke:var(--c0)}.tone1{stroke:var(--c1)}.tone2{stroke:var(--c2)}.tone3{stroke:var(--c3)}.tone4{stroke:var(--c4)}.tone5{stroke:var(--c5)}
.line.tone1{stroke-dasharray:7 4}.line.tone2{stroke-dasharray:2 4}.line.tone3{stroke-dasharray:10 3 2 3}.line.tone4{stroke-dasharray:4 3}.line.tone5{stroke-dasharray:12 5}
.drawing path.band{stroke:none;opacity:.2}.drawing path.band.tone0{fill:var(--c0)}.drawing path.band.tone1{fill:var(--c1)}.drawing path.band.tone2{fill:var(--c2)}.drawing path.band.tone3{fill:var(--c3)}.drawing path.band.tone4{fill:var(--c4)}.drawing path.band.tone5{fill:var(--c5)}
.drawing path.cursor{stroke:var(--faint);stroke-width:1;stroke-dasharray:2 3}
.split{display:grid;grid-template-columns:minmax(320px,5fr) 8fr;gap:0 32px;border-top:1px solid var(--line);margin-top:12px}
.side{position:sticky;top:62px;height:calc(100vh - 74px);display:flex;flex-direction:column;border-right:1px solid var(--line)}
.count{font-size:13px;padding:8px 0}
.list{flex:1;overflow-y:auto;position:relative;min-height:200px}
.rows{position:relative}
.row{position:absolute;left:0;right:0;padding:7px 12px 7px 8px;border-bottom:1px solid var(--line);cursor:pointer;overflow:hidden}
.row:hover{background:var(--soft)}.row.chosen{background:var(--soft);box-shadow:inset 3px 0 var(--accent)}
.list:focus-visible{outline-offset:-2px}
.line{display:flex;gap:10px}.line .main{flex:1;min-width:0;display:flex;flex-direction:column}
.line .request,.line .sub{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:none;margin:0}
.line .sub{font-size:12.5px;color:var(--faint)}.sub .tag{margin:0 6px 0 0}
.sign{width:14px;font-weight:700;color:var(--faint)}.sign.right{color:var(--good)}.sign.wrong{color:var(--bad)}
.tag{font-size:12px;border:1px solid currentColor;border-radius:4px;padding:0 5px;margin-left:4px;color:var(--muted);white-space:nowrap;font-weight:400}
.tag.bad{color:var(--bad)}.tag.good{color:var(--good)}.tag.warn{color:var(--c1)}
.reading{padding:14px 8px 60px 0;min-width:0;position:sticky;top:62px;height:calc(100vh - 74px);overflow-y:auto}.reading:focus-visible{outline-offset:-2px}
.reading .title{margin:4px 0;overflow-wrap:anywhere}
.reading .request{margin:14px 0}
.back{display:none}
.talk{padding:0;margin-top:14px}
.talk li.turn{display:block;padding:10px 12px;border-left:2px solid var(--line);margin-bottom:6px}
.talk li.turn:focus{border-left-color:var(--accent);outline:none;background:var(--soft)}
.turnhead{display:flex;flex-wrap:wrap;gap:2px 6px;align-items:center;font-size:13px}
.turnhead .decision{font-weight:650}.decision.refuse{color:var(--bad)}.decision.verify{color:var(--c1)}.decision.execute{color:var(--c0)}
.say{display:grid;grid-template-columns:84px minmax(0,1fr);gap:0 12px;padding:4px 0}
.say .what{white-space:pre-wrap;overflow-wrap:anywhere}
.say.thought .what{color:var(--muted);font-style:italic}
.say.result .what{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:6px 10px;font-size:14px}
.say.failed .what{color:var(--bad)}
.say.check code,.say.answer .what{border-left:2px solid var(--c1);padding-left:8px;display:block}
.facts{grid-template-columns:repeat(auto-fill,minmax(92px,1fr));gap:8px 16px;padding:10px 0}
.facts dd{overflow-wrap:anywhere}
.terms{width:auto;margin-top:10px}.terms th{font-weight:400;padding:3px 32px 3px 0}.terms caption{white-space:nowrap;font-weight:600;color:var(--ink);padding-bottom:4px}
.notes dt{font-weight:600;margin-top:8px;color:var(--ink)}dl.notes{padding:0;max-width:none}dl.notes dd{margin:0}
.ending{max-width:340px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.queries code{font-size:12px}.queries th{max-width:420px}
.diff .added td{background:rgba(28,110,76,.12)}.diff .removed td{background:rgba(168,50,74,.12)}.diff td{max-width:320px;overflow-wrap:anywhere}
.diff caption{font-weight:600;color:var(--ink)}
.cards{display:grid;gap:16px;margin:12px 0}
.card{border:1px solid var(--faint);border-left:4px solid var(--c1);border-radius:8px;padding:14px 18px;max-width:860px}
.card header{display:flex;flex-wrap:wrap;gap:2px 12px;align-items:baseline}
.card .tool{font:600 16px ui-monospace,Menlo,Consolas,monospace}.card .left{margin-left:auto;font-variant-numeric:tabular-nums}
.card progress{width:100%;margin:8px 0}
.arguments{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 16px;margin:8px 0}
.arguments dd{white-space:pre-wrap;overflow-wrap:anywhere;font:13.5px/1.5 ui-monospace,Menlo,Consolas,monospace;max-height:280px;overflow:auto}
.reasons{font-size:14px;margin:8px 0}.reasons ul{padding-left:18px}
.card button.approve{border-color:var(--good)}.card button.deny{border-color:var(--bad)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:12.5px/1.5 ui-monospace,Menlo,Consolas,monospace;margin:6px 0}
summary{cursor:pointer;color:var(--muted);font-size:13px}
.head-hash{font:12px ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.event.denied{color:var(--bad)}.event.allowed{color:var(--good)}.time{white-space:nowrap}
.crosses{display:flex;flex-wrap:wrap;gap:0 40px}
.pair{gap:0 24px}.pair .say{grid-template-columns:1fr}.pair h3{margin-top:14px}
.facts.wide{grid-template-columns:repeat(auto-fill,minmax(180px,1fr))}
.here{font-size:12px;margin-top:2px}.timeline{scroll-margin-top:12px}.timeline input{padding:0;width:min(320px,50vw);accent-color:var(--accent)}
.say.guard .what{border-left:2px solid var(--c4);padding-left:8px;font-size:14px}.say.guard ul{padding-left:18px}.say.guard li{display:list-item;padding:1px 0}.say.guard li small{display:inline;color:var(--faint)}.grid button.quiet{padding-block:0}.guarded{margin-top:10px}
.tokens{font:14px/1.9 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:8px 12px;max-height:460px;overflow-y:auto;margin-top:8px}
.token{border-radius:3px;padding:1px 0}.tokens .token.chose,.tokens .token.forced{cursor:pointer}
.token.read{color:var(--muted)}.token.forced{border-bottom:2px dotted var(--faint)}
.token.chose{border-bottom:2px solid var(--accent);padding:1px}
.token.p4{background:rgba(var(--heat),.08)}.token.p3{background:rgba(var(--heat),.2)}.token.p2{background:rgba(var(--heat),.34);font-weight:600}.token.p1{background:rgba(var(--heat),.34);font-weight:700;border-bottom:4px double var(--bad)}
.token.masked{border-bottom-style:dashed;text-decoration:line-through}
.token.control{outline:1px solid var(--line);outline-offset:-1px}
.token.current{box-shadow:0 0 0 2px var(--ink)}
.tokenkey{margin-top:10px}.tokenkey .token:not(.read){color:var(--ink)}.tokenkey .token{font-family:ui-monospace,Menlo,Consolas,monospace}.readout{min-height:3.2em;margin-top:8px;font-size:14px}

dialog{border:1px solid var(--faint);border-radius:10px;background:var(--page);color:var(--ink);padding:20px 24px;max-width:min(90vw,560px)}
dialog h2{margin-top:0}.keys{display:grid;grid-template-columns:max-content 1fr;gap:6px 18px;margin-bottom:16px}
@media (max-width:860px){#app{padding:0 14px 40px}.head{gap:6px 10px;flex-wrap:wrap}header.head{padding:8px 0}main:has(.split.open) .filters{display:none}.head nav{order:3;flex-basis:100%;flex-wrap:nowrap;overflow-x:auto}
.head .brand{flex:1}.head nav a{padding:6px 7px;font-size:14px}
.split{grid-template-columns:1fr}.side{position:static;height:70vh;border-right:0}.reading{display:none;position:static;height:auto;overflow:visible}
.split.open .side{display:none}.split.open .reading{display:block}.back{display:inline-block}
.field select{max-width:160px}.say{grid-template-columns:1fr}.facts{grid-template-columns:repeat(3,1fr)}
.runs th small{max-width:150px}.notice{right:8px;left:8px;bottom:8px}}
`;

/** The style sheet. */
export const STYLE = `${toText(REPORT)}${PAGE}`;
