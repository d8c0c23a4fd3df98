import { writeCdo } from "../cdo-writer.ts";
import { invertedSum, isPdi, pdiLayout, readPdiContainer } from "../pdi-container.ts";
import { decodeSimImage, encodeSimImage, isSimImage } from "../sim-image.ts";
import { type Canvas, type Encoded, encodedPart, finish, keptPart, newCanvas, put, putU32 } from "./canvas.ts";

/**
 * What lies in a PDI slot, read and encoded again. An image of neither kind is kept.
 * @throws FormatError where it is a PDI or an image for the simulator, and damaged.
 */
export function encodeImage(image: Uint8Array, what: string): Encoded {
  if (isSimImage(image)) return encodedPart(encodeSimImage(decodeSimImage(image, what)), `${what}: simulator image`);
  if (isPdi(image)) return encodePdi(image, what);
  return keptPart(image, what, "neither a PDI nor an image for the simulator");
}

/** Headers with their sums and every command of every CDO. @throws FormatError where the PDI is damaged. */
export function encodePdi(bytes: Uint8Array, what: string): Encoded {
  const pdi = readPdiContainer(bytes, what);
  const canvas = newCanvas(bytes.length);
  pdiLayout.smap.forEach((word, i) => {
    putU32(canvas, i * 4, word, "bus width words");
  });
  putHeader(canvas, pdiLayout.tableAt, pdi.words, "image header table");
  for (const { offset, words } of pdi.images) putHeader(canvas, offset, words, "image header");
  for (const [i, { offset, words, content, dataOffset }] of pdi.partitions.entries()) {
    putHeader(canvas, offset, words, "partition header");
    if (content.type === "cdo") {
      const cdo = writeCdo(content.cdo);
      put(canvas, dataOffset, cdo, `partition ${i}`);
      const part = {
        what: `${what}: CDO of ${content.cdo.commands.length} commands`,
        at: dataOffset,
        bytes: cdo.length,
      };
      canvas.parts.push({ ...part, how: "encoded" });
    } else {
      const { data } = content;
      put(canvas, dataOffset, data, `partition ${i}`);
      const part = { what: `${what}: partition ${i}`, at: dataOffset, bytes: data.length };
      canvas.parts.push({ ...part, how: "kept as bytes", why: "no CDO" });
    }
  }
  return finish(canvas);
}

function putHeader(canvas: Canvas, at: number, words: readonly number[], what: string): void {
  [...words, invertedSum(words)].forEach((word, i) => {
    putU32(canvas, at + i * 4, word, what);
  });
}
