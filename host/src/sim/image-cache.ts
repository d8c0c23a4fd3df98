import { decodeSimImage, type SimImage } from "@aiekit/xclbin";

/** Images that are kept: about as many as the kernels of one program. */
const mostImages = 16;

/** Images of late contexts, last used first, each with the bytes that it was decoded from. */
const known: { readonly bytes: Uint8Array; readonly image: SimImage }[] = [];

/**
 * The simulator's image that a PDI slot holds: the same object for the same bytes, so that what is made of it can be found
 * again by it. @throws what `decodeSimImage` throws.
 */
export function cachedImage(bytes: Uint8Array, name: string): SimImage {
  const at = known.findIndex((one) => Buffer.compare(one.bytes, bytes) === 0);
  const found = at < 0 ? { bytes: bytes.slice(), image: decodeSimImage(bytes, name) } : known.splice(at, 1)[0]!;
  known.unshift(found);
  known.length = Math.min(known.length, mostImages);
  return found.image;
}
