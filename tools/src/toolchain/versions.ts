/** Versions from `from` (included) to `before` (excluded); null: no upper end. */
export interface VersionRange {
  readonly from: string;
  readonly before: string | null;
}

export function isWithin(version: string, { from, before }: VersionRange): boolean {
  return compareVersions(version, from) >= 0 && (before === null || compareVersions(version, before) < 0);
}

/**
 * Order of version numbers by their dotted numbers; what follows `+` (a commit) does not count. `.dev` makes a version
 * older than the one it leads to: 1.3.2.dev115 < 1.3.2.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return left.dev === right.dev ? 0 : Math.sign(left.dev - right.dev);
}

function parts(version: string): { readonly numbers: readonly number[]; readonly dev: number } {
  const [release = ""] = version.split("+");
  const [dotted = "", dev] = release.split(/\.?dev/);
  const numbers = (/^v?(\d+(?:\.\d+)*)/.exec(dotted)?.[1] ?? "0").split(".").map(Number);
  return { numbers, dev: dev === undefined ? Number.POSITIVE_INFINITY : Number(dev) || 0 };
}
