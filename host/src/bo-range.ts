import { DeviceError } from "@aiekit/core";
import type { BoRange } from "./device.ts";
import { partAlignmentBytes } from "./limits.ts";

/**
 * First byte and end of a range of a BO of `sizeBytes`. `action` is what the range is for.
 * @throws DeviceError for a range that is not within the BO, or for a part that starts off a cache line.
 */
export function boRange(sizeBytes: number, range: BoRange, action: string): [start: number, end: number] {
  const offset = range.offsetBytes ?? 0;
  const size = range.sizeBytes ?? sizeBytes - offset;
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(size);
  if (!whole || offset < 0 || size < 0 || offset + size > sizeBytes) {
    throw new DeviceError(
      `BO ${action}: expected a range within ${sizeBytes} bytes, got offset ${offset}, size ${size}`,
    );
  }
  if (action === "part" && offset % partAlignmentBytes !== 0) {
    throw new DeviceError(`BO part: expected an offset of whole ${partAlignmentBytes} bytes, got ${offset}`, {
      hint: "a sync works on cache lines; choose rows whose bytes are a multiple of that",
    });
  }
  return [offset, offset + size];
}
