import { FormatError, sha256, UsageError } from "@aiekit/core";

/** What the simulator runs in place of a PDI: the array's configuration as lowered AIE-dialect text, and the cores' programs. */
export interface SimImage {
  readonly loweredMlir: string;
  /** Device name of the design, for example `npu1_1col`. */
  readonly device: string;
  /** `module` indexes `modules`: cores with the same program share one. */
  readonly cores: readonly { readonly col: number; readonly row: number; readonly module: number }[];
  /** WebAssembly, one module a program. */
  readonly modules: readonly Uint8Array[];
}

const magic = "AIEKSIM\0";
const version = 1;
// magic 8, version u32, length of the JSON index u32, then the index, then the parts one after another.
const headerBytes = 16;

interface Part {
  readonly bytes: number;
  readonly sha256: string;
}

interface Index {
  readonly device: string;
  readonly cores: SimImage["cores"];
  readonly mlir: Part;
  readonly modules: readonly Part[];
}

/**
 * Packs an image for the PDI slot of an xclbin. Same input, same bytes.
 * @throws UsageError when a core names a module that is not there.
 */
export function encodeSimImage(image: SimImage): Uint8Array {
  const stray = image.cores.find((core) => image.modules[core.module] === undefined);
  if (stray !== undefined) {
    throw new UsageError(
      `simulator image: core (${stray.col},${stray.row}): expected module 0 to ${image.modules.length - 1}, got ${stray.module}`,
    );
  }
  const mlir = new TextEncoder().encode(image.loweredMlir);
  const part = (bytes: Uint8Array): Part => ({ bytes: bytes.length, sha256: sha256(bytes) });
  const index: Index = {
    device: image.device,
    cores: image.cores.map(({ col, row, module }) => ({ col, row, module })),
    mlir: part(mlir),
    modules: image.modules.map(part),
  };
  const indexBytes = new TextEncoder().encode(JSON.stringify(index));

  const parts = [indexBytes, mlir, ...image.modules];
  const out = new Uint8Array(headerBytes + parts.reduce((sum, bytes) => sum + bytes.length, 0));
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(magic));
  view.setUint32(8, version, true);
  view.setUint32(12, indexBytes.length, true);
  let at = headerBytes;
  for (const bytes of parts) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

/** True where a PDI slot holds an image for the simulator and not a PDI for hardware. */
export function isSimImage(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && [...magic].every((c, i) => bytes[i] === c.charCodeAt(0));
}

/**
 * Unpacks an image and checks the hash of every part. The modules are copies, the caller's bytes may be freed.
 * @throws FormatError with the byte offset of the first part that is missing, cut off or changed.
 */
export function decodeSimImage(bytes: Uint8Array, name = "simulator image"): SimImage {
  const fail = (what: string, offset: number): never => {
    throw new FormatError(`${name}: ${what}`, { offset, hint: "build the kernel again for target sim" });
  };
  if (!isSimImage(bytes)) {
    const found = isHardwarePdi(bytes) ? "a PDI for hardware" : `${bytes.length} bytes of something else`;
    fail(`expected an image for the simulator (first bytes ${magic.slice(0, 7)}), got ${found}`, 0);
  }
  if (bytes.length < headerBytes) fail(`header: expected ${headerBytes} bytes, got ${bytes.length}`, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(8, true);
  if (found !== version) fail(`header: this program reads version ${version}, got ${found}`, 8);
  const indexLength = view.getUint32(12, true);
  if (indexLength > bytes.length - headerBytes) fail(`index of ${indexLength} bytes is cut off`, 12);
  const index = parseIndex(bytes.subarray(headerBytes, headerBytes + indexLength), fail);

  let at = headerBytes + indexLength;
  const take = (part: Part, what: string): Uint8Array => {
    if (part.bytes > bytes.length - at) fail(`${what}: ${part.bytes} bytes declared, ${bytes.length - at} left`, at);
    const content = bytes.slice(at, at + part.bytes);
    if (sha256(content) !== part.sha256) fail(`${what}: sha256 differs from the index, expected ${part.sha256}`, at);
    at += part.bytes;
    return content;
  };
  const loweredMlir = new TextDecoder().decode(take(index.mlir, "lowered MLIR"));
  const modules = index.modules.map((part, i) => take(part, `module ${i}`));
  if (at !== bytes.length) fail(`${bytes.length - at} bytes follow the last part`, at);
  return { loweredMlir, device: index.device, cores: index.cores, modules };
}

/** PDIs start with the SMAP bus width words. */
function isHardwarePdi(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && [0xdd, 0, 0, 0, 0x44, 0x33, 0x22, 0x11].every((b, i) => bytes[i] === b);
}

function parseIndex(bytes: Uint8Array, fail: (what: string, offset: number) => never): Index {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    fail(`index: expected JSON: ${(cause as Error).message}`, headerBytes);
  }
  const index = value as Partial<Index> | null;
  const wrong = (what: string): never => fail(`index: ${what}`, headerBytes);
  if (typeof index !== "object" || index === null) return wrong("expected an object");
  if (typeof index.device !== "string") wrong("device: expected a string");
  if (!isPart(index.mlir)) wrong("mlir: expected bytes and sha256");
  if (!Array.isArray(index.modules) || !index.modules.every(isPart)) wrong("modules: expected a list of parts");
  const moduleCount = index.modules?.length ?? 0;
  if (!Array.isArray(index.cores) || !index.cores.every((core) => isCore(core, moduleCount))) {
    wrong(`cores: expected a list of col, row and module (below ${moduleCount})`);
  }
  return index as Index;
}

function isPart(value: unknown): value is Part {
  const part = value as Partial<Part> | null;
  return typeof part === "object" && part !== null && isCount(part.bytes) && /^[0-9a-f]{64}$/.test(String(part.sha256));
}

function isCore(value: unknown, moduleCount: number): boolean {
  const core = value as { col?: unknown; row?: unknown; module?: unknown } | null;
  if (typeof core !== "object" || core === null) return false;
  return isCount(core.col) && isCount(core.row) && isCount(core.module) && core.module < moduleCount;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
