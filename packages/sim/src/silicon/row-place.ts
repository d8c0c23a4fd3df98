import { type GemmPlace, multiplies, type OperandType } from "./gemm-time.ts";
import { numberOf, type SiliconRow, textOf } from "./silicon-row.ts";

/** Device, cores, operands and clock of a row about matrix products; or what it lacks. */
export function gemmPlace(row: SiliconRow, { tuned }: { readonly tuned: boolean }): GemmPlace | string {
  const dtype = textOf(row, "dtype");
  const type = operandType(dtype);
  if (type === undefined) {
    const found = dtype === "" ? "no field dtype" : `"${dtype}"`;
    return `expected a dtype of int8, int16, bf16 or bfp16, found ${found}`;
  }
  if (!multiplies(row.device, type)) return `${row.device} has no multipliers for ${type}`;
  const megahertz = numberOf(row, "clock_mhz");
  return {
    device: row.device,
    type,
    cores: numberOf(row, "cores"),
    clockHz: megahertz === undefined ? undefined : megahertz * 1e6,
    tuned,
  };
}

/** From the field `kernels`, else from the words of the row. */
export function kernelsAreTuned(row: SiliconRow): boolean {
  const given = textOf(row, "kernels");
  if (given !== "") return given === "tuned";
  return /(?<!not )\b(hand-)?(tuned|optimi[sz]ed)\b/i.test(
    `${row.source} ${textOf(row, "what")} ${textOf(row, "part")}`,
  );
}

/** Type of the operands: the first that is named, or bfp16 where bf16 is computed by way of it. */
function operandType(dtype: string): OperandType | undefined {
  const text = dtype.toLowerCase();
  if (/bfp16/.test(text)) return "bfp16";
  const [name] = /bf16|bfloat16|\bu?s?int\d+|\b[uis]{1,2}\d+|\b(fp?|float)\d+/.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (/^b/.test(name)) return "bf16";
  if (/^[uis]+(nt)?8$/.test(name)) return "int8";
  return /^[uis]+(nt)?16$/.test(name) ? "int16" : undefined;
}
