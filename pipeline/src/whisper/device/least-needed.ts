/** A kernel that has a context. */
interface OpenKernel {
  readonly name: string;
  /** It is used once a window. */
  readonly oncePerWindow: boolean;
}

/**
 * Whose context to hand back. `open`: one or more, that asked for longest ago first. `needed`: names of those that will be
 * asked for soon; what every token needs comes behind what a window needs once, whenever either was used.
 */
export function leastNeeded(open: readonly OpenKernel[], needed: ReadonlySet<string>): string {
  const free = open.filter(({ name }) => !needed.has(name));
  const chosen = free.find(({ oncePerWindow }) => oncePerWindow) ?? free[0] ?? open[0];
  return chosen!.name;
}
