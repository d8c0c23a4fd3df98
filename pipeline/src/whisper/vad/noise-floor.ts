/** Frames by which the floor moves on, and over which it looks to either side: 0.1 s and 2 s. */
export const floorStep = 10;
export const floorReach = 200;

const leastFrames = 50;
const stride = 4;
const share = 0.1;

/**
 * Level per band, in dB, that a frame's neighbourhood stays above nine tenths of the time: the tenth percentile of what was
 * before it or of what comes, whichever is higher. So noise that sets in or stops is floor from its first frame to its last.
 * `frames`: smoothed levels of the bands; `at`: the frame that is asked about.
 */
export function noiseFloor(frames: readonly Float64Array[], at: number): Float64Array {
  const from = Math.max(0, at - floorReach);
  const to = Math.min(frames.length, at + floorReach);
  const before = at - from >= leastFrames ? percentile(frames.slice(from, at)) : undefined;
  const behind = to - at >= leastFrames ? percentile(frames.slice(at, to)) : undefined;
  if (before === undefined || behind === undefined) return before ?? behind ?? percentile(frames.slice(from, to));
  return before.map((level, band) => Math.max(level, behind[band]!));
}

/** Of every fourth frame: neighbours overlap, and tell little that is new. */
function percentile(frames: readonly Float64Array[]): Float64Array {
  const count = Math.ceil(frames.length / stride);
  const levels = new Float64Array(count);
  const index = Math.floor(share * (count - 1));
  return frames[0]!.map((_, band) => {
    for (let i = 0; i < count; i++) levels[i] = frames[i * stride]![band]!;
    return levels.sort()[index]!;
  });
}
