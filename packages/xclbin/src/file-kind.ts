import { FormatError } from "@aiekit/core";
import { isElf } from "./core-elf.ts";
import { isPdi } from "./pdi-container.ts";
import { isSimImage } from "./sim-image.ts";

/** Files that can be looked into. */
export type FileKind = "xclbin" | "PDI" | "CDO" | "instruction stream" | "ELF" | "simulator image" | "manifest";

/**
 * What a file is: by content, since names vary. A file that is nothing known takes the kind that its ending claims, whose
 * reader then says what is wrong with it.
 * @throws FormatError for a file that is nothing known by content and by ending.
 */
export function fileKind(bytes: Uint8Array, name: string): FileKind {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (start.startsWith("xclbin2")) return "xclbin";
  if (isElf(bytes)) return "ELF";
  if (isPdi(bytes)) return "PDI";
  if (isSimImage(bytes)) return "simulator image";
  if (isCdo(bytes)) return "CDO";
  if (start.trimStart().startsWith("{")) return "manifest";
  const ending = /\.(xclbin|pdi|json|elf)$/.exec(name)?.[1];
  if (ending !== undefined) return ({ xclbin: "xclbin", pdi: "PDI", json: "manifest", elf: "ELF" } as const)[ending]!;
  if (/cdo[^/]*\.bin$/.test(name)) return "CDO";
  const hexWords = /^\s*(0x)?[0-9a-f]{8}\b/i;
  const streamEnding = /\.(bin|txt|insts|hex)$/;
  // A stream begins with its version, 0.1 or 1.0; one from before June 2024 with 0x11.
  if (hexWords.test(start) || [0x00, 0x01, 0x11].includes(bytes[0] ?? -1) || streamEnding.test(name)) {
    return "instruction stream";
  }
  const found = bytes.length === 0 ? "an empty file" : `something else (first bytes ${firstBytes(bytes)})`;
  throw new FormatError(
    `${name}: expected an xclbin, a PDI, a CDO, an instruction stream, an ELF or a manifest.json, got ${found}`,
    { offset: 0 },
  );
}

function isCdo(bytes: Uint8Array): boolean {
  if (bytes.length < 8) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0, true) === 4 && [0x004f4443, 0x584c4e58].includes(view.getUint32(4, true));
}

function firstBytes(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
