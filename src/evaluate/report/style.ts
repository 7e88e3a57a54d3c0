// The report's style sheet. Two sets of colours, light and dark; tones that stay apart for colour-blind readers (after Paul
// Tol's high-contrast scheme), each with a dash of its own. System fonts, nothing loaded from anywhere.
import { html, type Markup } from './html.ts';

export const STYLE: Markup = html`
:root{color-scheme:light dark;--page:#fff;--soft:#f6f7f8;--line:#e3e5e8;--ink:#1b1e23;--muted:#5d646f;--faint:#8b929c;
--one:#1f5fa8;--two:#b3741a;--three:#b23f56;--before:#9aa2ad;--after:#1f5fa8;--good:#1c6e4c;--bad:#a8324a;--mark:#fbe9c6;--markink:#5c3a00;--raw:.34}
@media (prefers-color-scheme:dark){:root{--page:#14171b;--soft:#1b1f25;--line:#2d333b;--ink:#e4e7eb;--muted:#a2aab5;--faint:#79818c;
--one:#78b0f0;--two:#e0ad52;--three:#ec8a9c;--before:#727b87;--after:#78b0f0;--good:#6cc79d;--bad:#f08ea1;--mark:#4a3813;--markink:#ffdf9e;--raw:.5}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
main,header.top,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header.top{padding-top:56px}
h1,h2,h3,h4,p,dl,dd,ul,ol,figure,table{margin:0}
h1{font-size:15px;font-weight:600;color:var(--muted)}
h1 b{color:var(--ink);font-weight:600}
h2{font-size:24px;line-height:1.25;font-weight:650;letter-spacing:-.012em;margin-bottom:8px}
h3{font-size:17px;line-height:1.35;font-weight:650;margin:48px 0 4px}
section.part{padding-top:72px}
small{font-size:12.5px;line-height:1.45}
a{color:inherit;text-decoration-color:var(--faint);text-underline-offset:3px}
:focus-visible{outline:2px solid var(--one);outline-offset:3px}
.verdict{font-size:clamp(21px,2.6vw,28px);line-height:1.36;letter-spacing:-.012em;margin:12px 0 32px;max-width:40em;text-wrap:pretty}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:16px 32px;padding:18px 0;border-block:1px solid var(--line)}
dt{font-size:13px;color:var(--muted)}
dd{font-variant-numeric:tabular-nums}
dd small{display:block;color:var(--muted)}
nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:4px 24px;margin-top:18px;font-size:14px;color:var(--muted)}
.about{color:var(--muted);max-width:46em;font-size:15px;text-wrap:pretty}
.empty{color:var(--muted);padding:18px 0}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.alarms{margin-top:32px;padding:14px 18px;border-left:3px solid var(--bad);background:var(--soft)}
.alarms h3{margin:0 0 4px;font-size:15px}
.alarms ul{padding-left:18px;font-size:15px}

.scroll{overflow-x:auto;margin-top:20px}
table{border-collapse:collapse;width:100%;text-align:left}
caption span{display:block;position:sticky;left:0;max-width:calc(100vw - 36px)}
caption{text-align:left;color:var(--muted);font-size:14px;padding-bottom:12px}
.results.narrow{max-width:760px}
.results{min-width:620px;font-variant-numeric:tabular-nums}
.results th,.results td{padding:11px 0 11px 24px;vertical-align:top;font-weight:400}
.results th:first-child{padding-left:0}
.results thead th{font-size:13px;color:var(--muted);padding-block:0 6px;vertical-align:bottom;border-bottom:1px solid var(--line);white-space:nowrap}
.results tbody tr+tr+tr{border-top:1px solid var(--line)}
.results th[scope=row]{width:31%;min-width:190px;font-weight:600}
.part>.chart+.chart{margin-top:28px}
.results th.slim[scope=row]{width:auto;min-width:0;font-weight:400}
.results th[scope=row] small{display:block;font-weight:400;color:var(--muted)}
.results .count{white-space:nowrap}
.results .group{padding:24px 0 2px;font-size:13px;font-weight:650;color:var(--muted)}
.results .number{width:84px;text-align:right;white-space:nowrap}
.results td.number{line-height:1.35}
.results td small{display:block;color:var(--muted)}
.results .strong{font-weight:650}
.results .strong small{font-weight:400}
.results .aside{color:var(--muted)}
.results .wide{width:22%;min-width:130px}
.scale{display:flex;justify-content:space-between}
.change.better{color:var(--good)}.change.worse{color:var(--bad)}.change.unclear{color:var(--muted)}
.results td.change small{color:inherit}
.key{display:inline-block;width:10px;height:10px;margin-right:6px;background:var(--before);border-radius:2px}
.key.after{background:var(--after)}
.bars{display:block;width:100%;height:34px;margin-top:3px}
.bars .grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}
.bar.before{fill:var(--before)}.bar.after{fill:var(--after)}.track{fill:var(--soft)}
.whisker{stroke:var(--ink);stroke-width:1.5;vector-effect:non-scaling-stroke}

.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:36px 40px;margin-top:24px}
.charts.large{grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr))}
.charts.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,210px),1fr));gap:28px 32px}
.chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 16px;font-size:14px;margin-bottom:8px}
.chart .name{font-weight:600}
.last,.legend b{font-variant-numeric:tabular-nums;font-weight:400;color:var(--muted)}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:0 12px;color:var(--muted);font-size:13px}
.swatch{width:18px;margin-top:-1px;height:8px;margin-right:6px;vertical-align:2px}
.plot{position:relative;padding-left:48px}
.ticks span{position:absolute;left:0;width:40px;text-align:right;transform:translateY(-50%);white-space:nowrap}
.ticks{position:absolute;top:0;left:0;height:var(--high,120px)}
.ticks,.span{font-size:12px;line-height:1;color:var(--muted);font-variant-numeric:tabular-nums}
.span{display:flex;justify-content:space-between;padding-top:8px}
.large .plot{--high:210px}.small .plot{--high:76px}
.drawing{display:block;width:100%;height:var(--high,120px);overflow:visible}
.drawing path,.swatch path{fill:none;vector-effect:non-scaling-stroke;stroke-linecap:round;stroke-linejoin:round}
.drawing .grid{stroke:var(--line);stroke-width:1}
.drawing .mark{stroke:var(--bad);stroke-width:1;stroke-dasharray:2 3}
.one{stroke:var(--one)}.two{stroke:var(--two)}.three{stroke:var(--three)}
.line{stroke-width:2}.line.two{stroke-dasharray:7 4}.line.three{stroke-dasharray:1 4;stroke-width:2.5}
.raw{stroke-width:1;opacity:var(--raw)}
.end{stroke-width:6}
.note{font-size:13px;color:var(--muted);margin-top:6px;padding-left:48px}
.cells{margin-top:24px;table-layout:fixed}
.cells th{font-size:14px;font-weight:600;vertical-align:bottom;padding:0 0 8px 32px}
.cells th small{display:block;font-weight:400;color:var(--muted)}
.cells tbody th{vertical-align:top;padding:12px 0 0;width:18%}
.cells td{padding:10px 0 14px 32px;vertical-align:top}
.cells thead td{width:18%}
.cells .last{display:block;text-align:right;font-size:13px;margin-bottom:4px}
.cells .drawing{--high:64px}
.cells .none{font-size:13px;color:var(--muted);display:block;text-align:center;padding-top:40px}

.example{margin-top:40px;padding-top:24px;border-top:1px solid var(--line)}
.example h3{margin:0}
.cell{color:var(--muted);font-size:14px}
.request{margin:16px 0 20px;max-width:46em}
.request p{text-wrap:pretty;font-size:18px;line-height:1.45}
.who{display:block;font-size:13px;color:var(--muted)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 48px}
.episode{display:grid;grid-template-rows:auto 1fr auto}
.episode h4{font-size:14px;font-weight:650;padding-bottom:6px;border-bottom:2px solid var(--before)}
.episode+.episode h4{border-color:var(--after)}
.talk{list-style:none;padding:4px 0 0;font-size:15px}
.talk li{display:grid;grid-template-columns:84px minmax(0,1fr);gap:0 12px;padding:7px 0}
.talk .who{padding-top:1px}
.what{white-space:pre-wrap}
.what small{display:block;color:var(--muted)}
.thought .what{color:var(--muted);font-style:italic}
.what .decision{font-weight:650;color:var(--ink);font-style:normal}
code{font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.result .what{background:var(--soft);border-radius:6px;padding:6px 10px;font-size:14px}
.failed .what{color:var(--bad)}
.check code,.answer .what{border-left:2px solid var(--two);padding-left:8px;display:block}
mark{background:var(--mark);color:var(--markink);border-radius:3px;padding:1px 4px;-webkit-box-decoration-break:clone;box-decoration-break:clone}
.flag{font-size:11.5px;font-weight:650;margin-right:6px}
.outcome{border-top:1px solid var(--line);margin-top:8px;padding-top:8px;font-size:14px;color:var(--muted)}
.outcome b{margin-right:8px}
.right b{color:var(--good)}.wrong b{color:var(--bad)}

.notes{padding-left:20px;max-width:46em}
.notes li{padding:5px 0}
.settings{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,230px),1fr));gap:28px 48px;margin-top:20px;align-items:start}
.settings caption{font-weight:650;color:var(--ink);padding-bottom:4px}
.settings th,.settings td{font-size:14px;padding:4px 0;border-top:1px solid var(--line);font-weight:400;vertical-align:top}
.settings th{color:var(--muted);padding-right:16px}
.settings td{text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
footer{padding-block:72px 56px;color:var(--muted);font-size:14px}
@media (max-width:760px){main,header.top,footer{padding-inline:18px}header.top{padding-top:32px}section.part{padding-top:56px}
.pair{grid-template-columns:1fr;gap:28px}
.results th[scope=row]{position:sticky;left:0;background:var(--page);width:auto;min-width:124px;max-width:170px;z-index:1}
.results,.results.narrow{min-width:0}.results .wide{display:none}.results th,.results td{padding-left:16px}
.results thead th:first-child{position:sticky;left:0;background:var(--page);z-index:1}
.cells th,.cells td{padding-left:10px;font-size:12px}.cells tbody th{overflow-wrap:normal}.cells small{font-size:11.5px}.cells .drawing{--high:44px}}
@media print{body{font-size:12px}.scroll{overflow:visible}.example,.chart{break-inside:avoid}nav{display:none}}
`;
