/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

/** Writes HTML; everything in it that is not HTML already is escaped, in text and in attributes. */
export function markup(strings: TemplateStringsArray, ...values: (Markup | string)[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(escaped)));
}

/** Terms and what they stand for, as a list; those that stand for nothing have a dash. */
export function detailsList(details: Record<string, Markup | string | null | undefined>): Markup {
  const rows = Object.entries(details).map(
    ([term, value]) => markup`<dt>${term}</dt><dd>${value || '–'}</dd>\n`,
  );
  return markup`<dl>${new Markup(rows.map(({ text }) => text).join(''))}</dl>`;
}

/** A moment, for people and for programs. */
export function timeOf(moment: Date): Markup {
  const text = moment.toISOString();
  return markup`<time datetime="${text}">${text.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`;
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function escaped(value: Markup | string): string {
  if (value instanceof Markup) return value.text;
  return value.replace(/[&<>"']/g, (character) => String(ENTITIES.get(character)));
}
