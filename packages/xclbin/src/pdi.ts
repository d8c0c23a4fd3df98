import type { Cdo } from "./cdo.ts";
import { pdiLayout, readPdiContainer } from "./pdi-container.ts";
import { failAt, sectionSource } from "./section-source.ts";

export { isPdi } from "./pdi-container.ts";

/** A partial PDI with one partition of configuration data, the only kind that NPU designs have. */
export interface Pdi {
  readonly idCode: number;
  readonly imageName: string;
  readonly imageId: number;
  readonly cdo: Cdo;
}

/**
 * Reads a PDI as bootgen -arch versal makes it for an NPU.
 * @throws FormatError with the byte offset: what `readPdiContainer` refuses, more than one image or partition, no CDO.
 */
export function readPdi(bytes: Uint8Array, name = "PDI"): Pdi {
  const container = readPdiContainer(bytes, name);
  const { images, partitions } = container;
  const [image, partition] = [images[0], partitions[0]];
  const source = sectionSource(name, 0, bytes);
  if (images.length !== 1 || partitions.length !== 1 || image === undefined || partition === undefined) {
    const found = `${images.length} with ${partitions.length}`;
    return failAt(source, pdiLayout.tableAt + 4, `expected 1 image with 1 partition, got ${found}`);
  }
  if (partition.content.type !== "cdo") {
    return failAt(source, partition.offset + 0x24, `expected a partition of type 2 (CDO), got type ${partition.type}`);
  }
  return { idCode: container.idCode, imageName: image.name, imageId: image.id, cdo: partition.content.cdo };
}
