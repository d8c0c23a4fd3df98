import type { Roundtrip } from "@aiekit/xclbin";

/** Whether a file came back, first; then its parts, and what was taken over without being understood. */
export function roundtripLines(result: Roundtrip): string[] {
  const { name, kind, unit, equal, difference, parts, padding } = result;
  const size = unit === "bytes" ? `${result.bytes} bytes` : `${result.bytes / 4} words`;
  const each = unit === "bytes" ? "byte for byte" : "word for word";
  const kept = parts.filter(({ how }) => how === "kept as bytes");
  const verdict = equal
    ? `${name}: ${kind}, ${size}: written back ${each} equal`
    : `${name}: ${kind}, ${size}: NOT EQUAL, first at ${unit.slice(0, -1)} ${difference?.at}: was ${difference?.was}, is ${difference?.is}`;
  return [
    verdict,
    ...parts.map(({ what, at, bytes, how, why }) => {
      return `  ${what}: ${bytes} bytes at ${at}, ${how}${why === undefined ? "" : ` (${why})`}`;
    }),
    ...padding.map(({ at, bytes, what }) => `  padding ${what}: ${bytes} bytes at ${at}, taken over as found`),
    kept.length === 0 ? "every part was encoded from what was read" : `${kept.length} part(s) kept as bytes`,
  ];
}
