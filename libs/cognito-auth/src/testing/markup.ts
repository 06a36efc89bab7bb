/** Text that is HTML already. */
export class Markup {
  constructor(readonly text: string) {}
}

/** Writes HTML; everything in it that is not HTML already is escaped, in text and in attributes. */
export function markup(strings: TemplateStringsArray, ...values: (Markup | string)[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(escaped)));
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
