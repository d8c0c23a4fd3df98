/**
 * Rewrites one core's LLVM IR as mlir-aie's LLVM prints it into what Peano's older LLVM reads. Each rule does nothing to
 * text that is old already. Only for a core's own module: a kernel's IR may need the alignment that is dropped here.
 * Source: mlir-aie, aiecc (downgradeIRForPeano, IRTransforms).
 */
export function downgradeIr(ir: string): string {
  return ir
    .split("\n")
    .map((line) => (line.trimStart().startsWith(";") ? line : oldFloats(oldLifetimes(oldAttributes(line)))))
    .join("\n");
}

/** Alignment beyond the element's own keeps Peano's vectorizer from merging accesses, so all of it goes. */
function oldAttributes(line: string): string {
  return line
    .replace(/\bnocreateundeforpoison\s*/g, "")
    .replace(/\bgetelementptr inbounds nuw\b/g, "getelementptr inbounds")
    .replace(/, align \d+/g, "");
}

/** Until LLVM 21, llvm.lifetime.start and .end take the size as first argument. */
function oldLifetimes(line: string): string {
  const size = line.trimStart().startsWith("declare") ? "i64 immarg" : "i64 -1";
  return line.replace(/(@llvm\.lifetime\.(?:start|end)[\w.]*\()(?=ptr\b)/g, `$1${size}, `);
}

const floatTypes = ["half", "bfloat", "float", "double"] as const;
type FloatType = (typeof floatTypes)[number];

/**
 * LLVM 23 writes special values by name, floats as f0x and in the shortest decimals; before, all of these were hexadecimal:
 * float and double as the 64 bits of a double, half as 0xH and bfloat as 0xR with 16 bits.
 */
function oldFloats(line: string): string {
  let type: FloatType | undefined;
  return line.replace(
    /"(?:[^"\\]|\\.)*"|\b(half|bfloat|float|double)\b|(?<=[ ,(<[])(?:f0x([0-9A-Fa-f]{8})|([+-]?(?:inf|nan|\d+\.\d*(?:[eE][+-]?\d+)?)))(?=[ ,)>\]]|$)/g,
    (token, typeName: FloatType | undefined, singleBits: string | undefined, literal: string | undefined) => {
      if (typeName !== undefined) type = typeName;
      else if (singleBits !== undefined) return doubleHex(floatOfBits(Number.parseInt(singleBits, 16)));
      else if (literal !== undefined && type !== undefined) return oldLiteral(literal, type);
      return token;
    },
  );
}

function oldLiteral(literal: string, type: FloatType): string {
  const value = literal.endsWith("inf") ? (literal.startsWith("-") ? -Infinity : Infinity) : Number(literal);
  const isSpecial = !Number.isFinite(value);
  switch (type) {
    case "double":
      return isSpecial ? doubleHex(value) : literal;
    case "float":
      return isSpecial || Math.fround(value) !== value ? doubleHex(Math.fround(value)) : literal;
    case "half": {
      const bits = roundedBits(value, halfFormat);
      return isSpecial || valueOfBits(bits, halfFormat) !== value ? `0xH${hex(bits, 4)}` : literal;
    }
    case "bfloat":
      return `0xR${hex(roundedBits(value, bfloatFormat), 4)}`;
  }
}

/** A 16-bit floating-point format: exponent and fraction bits. */
interface ShortFormat {
  readonly exponent: number;
  readonly fraction: number;
}
const halfFormat: ShortFormat = { exponent: 5, fraction: 10 };
const bfloatFormat: ShortFormat = { exponent: 8, fraction: 7 };

/** Nearest number of the format, ties to even, as its 16 bits. NaN is the quiet one with a clear sign. */
function roundedBits(value: number, { exponent, fraction }: ShortFormat): number {
  const infinity = ((1 << exponent) - 1) << fraction;
  if (Number.isNaN(value)) return infinity | (1 << (fraction - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  const bias = (1 << (exponent - 1)) - 1;
  if (size === Infinity) return sign | infinity;
  // Below the smallest normal number the spacing stays that of the smallest.
  const power = size === 0 ? 1 - bias : Math.max(Math.floor(Math.log2(size)), 1 - bias);
  const steps = tiesToEven(size / 2 ** (power - fraction));
  const bits = steps + (power + bias - 1) * (1 << fraction);
  return sign | Math.min(bits, infinity);
}

function tiesToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function valueOfBits(bits: number, { exponent, fraction }: ShortFormat): number {
  const power = (bits >> fraction) & ((1 << exponent) - 1);
  const rest = bits & ((1 << fraction) - 1);
  const bias = (1 << (exponent - 1)) - 1;
  const size =
    power === 0 ? rest * 2 ** (1 - bias - fraction) : (rest + (1 << fraction)) * 2 ** (power - bias - fraction);
  return bits & 0x8000 ? -size : size;
}

function floatOfBits(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
}

function doubleHex(value: number): string {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
  return `0x${bits.toString(16).toUpperCase().padStart(16, "0")}`;
}

function hex(bits: number, digits: number): string {
  return bits.toString(16).toUpperCase().padStart(digits, "0");
}
