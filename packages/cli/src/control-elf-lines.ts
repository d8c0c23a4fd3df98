import { type ControlCode, type ControlElf, describeStream, patchedArguments, streamLines } from "@aiekit/xclbin";
import { formatTable } from "./table.ts";

/** An ELF of control code for people: its kernels, and for each stream the addresses that XRT fills in and the operations. */
export function controlElfLines(elf: ControlElf): string[] {
  const { name, kind, abiVersion, uid, columns, codes, pdis } = elf;
  const what =
    kind === "full"
      ? `full ELF, in place of an xclbin: ${columns} column(s), ${pdis.length} PDI(s)`
      : "ELF of an instruction stream, to go with an xclbin";
  return [
    `${name}: ${what}; ABI version ${abiVersion}, uid ${uid ?? "none"}`,
    ...pdis.map((pdi) => `PDI ${pdi.name}: ${pdi.bytes.length} bytes`),
    ...codes.flatMap((code) => [titleOf(code), ...patchTable(code), ...streamLines(describeStream(code.text, name))]),
  ];
}

/** Contents are told by their size and as operations. */
export function controlElfValue(elf: ControlElf): Record<string, unknown> {
  return {
    ...elf,
    codes: elf.codes.map(({ text, ...code }) => ({ ...code, ...describeStream(text, elf.name) })),
    pdis: elf.pdis.map(({ name, bytes }) => ({ name, bytes: bytes.length })),
  };
}

function titleOf(code: ControlCode): string {
  const of = code.kernel === undefined ? "control code" : `${code.kernel}:${code.instance} of ${code.argCount} buffers`;
  const used = patchedArguments(code);
  return `${of}: ${code.text.length} bytes, XRT fills in arguments ${used.length === 0 ? "none" : used.join(", ")}`;
}

function patchTable({ patches }: ControlCode): string[] {
  if (patches.length === 0) return [];
  const columns = ["at", "what", "from", "plus bytes", "moves bytes"].map((title) => ({ title }));
  const rows = patches.map(({ offset, form, symbol, addend, sizeBytes }) => [
    ...[`${offset}`, form === "shim-bd" ? "address of a shim BD" : "64-bit address"],
    ...[form === "shim-bd" ? `argument ${symbol}` : symbol, `${addend}`, `${sizeBytes}`],
  ]);
  return [formatTable(columns, rows).replace(/^/gm, "  ")];
}
