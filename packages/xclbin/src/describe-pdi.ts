import { AiekitError, sha256 } from "@aiekit/core";
import { describeTile } from "./configuration-summary.ts";
import { type CdoDescription, describeCdo, tileLines } from "./describe-cdo.ts";
import { isPdi, type PdiContainer, readPdiContainer } from "./pdi-container.ts";
import { decodeSimImage, isSimImage } from "./sim-image.ts";

/** What lies in the PDI slot of a partition. */
export interface PdiDescription {
  readonly kind: "simulator image" | "PDI" | "unknown";
  /** A summary for people. */
  readonly lines: readonly string[];
  readonly container?: PdiContainerDescription;
  /** A text says how it is damaged. */
  readonly simulator?: SimImageDescription | string;
}

/** What the simulator is configured with. Cores are known by their tiles. */
interface SimImageDescription {
  readonly device: string;
  readonly loweredMlir: HashedBytes;
  readonly cores: readonly { readonly name: string; readonly module: HashedBytes }[];
}

/** Bytes that are not shown; their hash tells whether two are equal. */
interface HashedBytes {
  readonly bytes: number;
  readonly sha256: string;
}

/** Headers and contents of a PDI. Offsets count from the PDI's start. */
export interface PdiContainerDescription {
  readonly idCode: string;
  readonly extendedIdCode: string;
  readonly version: string;
  readonly images: readonly { readonly name: string; readonly id: string }[];
  readonly partitions: readonly {
    readonly type: string;
    readonly at: number;
    readonly bytes: number;
    readonly paddedBytes: number;
    readonly cdo?: CdoDescription;
  }[];
}

/** Looks into a PDI slot. Damage is told in the lines: a description must not fail on what it describes. */
export function describePdi(image: Uint8Array): PdiDescription {
  if (isSimImage(image)) return describeSimImage(image);
  if (!isPdi(image)) {
    return { kind: "unknown", lines: ["neither a PDI (bus width words missing) nor an image for the simulator"] };
  }
  try {
    const container = describeContainer(readPdiContainer(image));
    return { kind: "PDI", lines: summaryLines(container), container };
  } catch (error) {
    if (error instanceof AiekitError) return { kind: "PDI", lines: [`damaged: ${error.message}`] };
    throw error;
  }
}

export function describeContainer(pdi: PdiContainer): PdiContainerDescription {
  return {
    idCode: hex(pdi.idCode),
    extendedIdCode: hex(pdi.extendedIdCode),
    version: hex(pdi.version),
    images: pdi.images.map(({ name, id }) => ({ name, id: hex(id) })),
    partitions: pdi.partitions.map(({ type, dataOffset, dataWords, totalWords, content }) => ({
      type: content.type === "cdo" ? "CDO" : `type ${type}, not interpreted`,
      at: dataOffset,
      bytes: dataWords * 4,
      paddedBytes: totalWords * 4,
      ...(content.type === "cdo" ? { cdo: describeCdo(content.cdo) } : {}),
    })),
  };
}

/** Headers, then each partition's tiles with their registers. */
export function containerLines(container: PdiContainerDescription): string[] {
  const { idCode, extendedIdCode, version, images, partitions } = container;
  return [
    `PDI: id code ${idCode}, extended id code ${extendedIdCode}, version ${version}`,
    ...images.map(({ name, id }) => `image ${name}, id ${id}`),
    ...partitions.flatMap(({ type, at, bytes, cdo }, i) => [
      `partition ${i}: ${type}, ${bytes} bytes at ${at}${cdo === undefined ? "" : `, ${cdo.commandCount} commands`}`,
      ...(cdo === undefined ? [] : tileLines(cdo).map((line) => `  ${line}`)),
    ]),
  ];
}

function summaryLines({ images, partitions }: PdiContainerDescription): string[] {
  const cdos = partitions.flatMap(({ cdo }) => (cdo === undefined ? [] : [cdo]));
  const commands = cdos.reduce((sum, { commandCount }) => sum + commandCount, 0);
  const names = images.map(({ name }) => name).join(", ");
  const more = partitions.length === 1 ? "" : `, ${partitions.length} partitions`;
  return [
    `PDI for hardware: image ${names}${more}, ${commands} commands`,
    ...cdos.flatMap(({ tiles }) => tiles.map(describeTile)),
  ];
}

function describeSimImage(image: Uint8Array): PdiDescription {
  const kind = "simulator image";
  try {
    const { device, cores, modules, loweredMlir } = decodeSimImage(image);
    const mlir = hashed(new TextEncoder().encode(loweredMlir));
    const simulator: SimImageDescription = {
      device,
      loweredMlir: mlir,
      cores: cores.map(({ col, row, module }) => ({ name: `core (${col},${row})`, module: hashed(modules[module]!) })),
    };
    const lines = [
      `image for the simulator: device ${device}, ${mlir.bytes} B of lowered MLIR, ${modules.length} WebAssembly module(s)`,
      ...cores.map(
        ({ col, row, module }) => `core (${col},${row}) runs module ${module}, ${modules[module]!.length} B`,
      ),
    ];
    return { kind, lines, simulator };
  } catch (error) {
    if (!(error instanceof AiekitError)) throw error;
    const damage = `damaged: ${error.message}`;
    return { kind, lines: [damage], simulator: damage };
  }
}

const hashed = (bytes: Uint8Array): HashedBytes => ({ bytes: bytes.length, sha256: sha256(bytes) });

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
