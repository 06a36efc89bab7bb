/** How many of ten requests carry a token that was not seen before. */
export const TRAFFIC = { seen: 0, mixed: 1, new: 10 } as const;

export type Traffic = keyof typeof TRAFFIC;

/** The tokens of one stream of requests, in an endless order that is the same on every run. */
export class TokenStream {
  /** How many tokens were taken. */
  position = 0;

  /**
   * @param familiar sent again and again
   * @param fresh sent in turns; there are more of them than any cache here has entries, so the
   * least recently used one is always gone when its turn comes again
   */
  constructor(
    readonly familiar: readonly string[],
    readonly fresh: readonly string[] = [],
    readonly freshPerTen: number = TRAFFIC.seen,
  ) {}

  // In http/wrk.lua the same, in Lua.
  next(): string {
    const { familiar, fresh, freshPerTen, position } = this;
    this.position += 1;
    const place = position % 10;
    if (place >= freshPerTen) return familiar[position % familiar.length] ?? '';
    return fresh[(Math.floor(position / 10) * freshPerTen + place) % fresh.length] ?? '';
  }
}
