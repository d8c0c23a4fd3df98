/** Something in a kernel or a header that one side does not have. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  /** What is there. */
  readonly what: string;
  /** Which side lacks it, or what the sides do differently. */
  readonly problem: string;
  /** The nearest thing that both have. */
  readonly instead?: string;
}

/** `kernels/a/a.cc:12: v128_t: only WebAssembly has it; instead: aie::vector`. */
export function formatFinding({ path, line, what, problem, instead }: Finding): string {
  return `${path}:${line}: ${what}: ${problem}${instead === undefined ? "" : `; instead: ${instead}`}`;
}
