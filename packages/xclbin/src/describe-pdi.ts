import { AiekitError } from "@aiekit/core";
import { describeTile, summarizeConfiguration } from "./configuration-summary.ts";
import { isPdi, readPdi } from "./pdi.ts";
import { decodeSimImage, isSimImage } from "./sim-image.ts";

/** What lies in the PDI slot of a partition. */
export interface PdiDescription {
  readonly kind: "simulator image" | "PDI" | "unknown";
  readonly lines: readonly string[];
}

/** Looks into a PDI slot. Damage is told in the lines: a description must not fail on what it describes. */
export function describePdi(image: Uint8Array): PdiDescription {
  if (isSimImage(image)) return { kind: "simulator image", lines: orDamage(() => simImageLines(image)) };
  if (isPdi(image)) return { kind: "PDI", lines: orDamage(() => pdiLines(image)) };
  return { kind: "unknown", lines: ["neither a PDI (bus width words missing) nor an image for the simulator"] };
}

function orDamage(lines: () => string[]): string[] {
  try {
    return lines();
  } catch (error) {
    if (error instanceof AiekitError) return [`damaged: ${error.message}`];
    throw error;
  }
}

function simImageLines(image: Uint8Array): string[] {
  const { device, cores, modules, loweredMlir } = decodeSimImage(image);
  const mlirBytes = new TextEncoder().encode(loweredMlir).length;
  return [
    `image for the simulator: device ${device}, ${mlirBytes} B of lowered MLIR, ${modules.length} WebAssembly module(s)`,
    ...cores.map(({ col, row, module }) => `core (${col},${row}) runs module ${module}, ${modules[module]!.length} B`),
  ];
}

function pdiLines(image: Uint8Array): string[] {
  const { imageName, cdo } = readPdi(image);
  return [
    `PDI for hardware: image ${imageName}, ${cdo.commands.length} commands`,
    ...summarizeConfiguration(cdo).map(describeTile),
  ];
}
