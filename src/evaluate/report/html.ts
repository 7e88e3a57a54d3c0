// HTML as a tagged template: everything put into it is escaped unless it is markup itself, so text of tools, users and
// models stays text. Characters that cannot be seen but change what is seen are shown by their code.
// Not a sanitiser: there is no way to let foreign markup through.

const MARKUP = Symbol('markup');

/** Finished HTML. Only `html` makes it: a symbol cannot come out of JSON. */
export type Markup = { readonly [MARKUP]: string };

/** What a template takes: text (escaped), numbers, markup, lists of these; null and false give nothing. */
export type Content = string | number | Markup | null | false | readonly Content[];

/** Builds markup: html`<p>${text}</p>`. Attributes must stand in double quotes. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const joined = parts.map((part, at) => part + renderContent(contents[at] ?? null)).join('');
  return { [MARKUP]: joined };
}

/** The HTML text of markup. */
export function toText(markup: Markup): string {
  return markup[MARKUP];
}

function renderContent(content: Content): string {
  if (content === null || content === false) return '';
  if (typeof content === 'string') return escapeHtml(content);
  if (typeof content === 'number') return Number.isFinite(content) ? String(content) : '–';
  if (Array.isArray(content)) return content.map(renderContent).join('');
  return (content as Markup)[MARKUP];
}

const ENTITIES: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Controls but tab and line feed; format characters (bidi, zero width, tags) but the joiners of scripts and emoji. */
const HIDDEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

/** Text made fit for HTML, in elements and in quoted attributes. Hidden characters are shown as `\u202e`. */
export function escapeHtml(text: string): string {
  const shown = text.replace(/\r\n/g, '\n').replace(HIDDEN, showCode);
  return shown.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function showCode(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
