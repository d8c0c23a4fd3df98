import type { Audio } from "./audio.ts";

/** Mean of all channels, full scale -1 to 1. */
export function toMono({ channels }: Pick<Audio, "channels">): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined || others.length === 0) return first ?? new Float32Array();
  return first.map((value, i) => others.reduce((sum, channel) => sum + channel[i]!, value) / channels.length);
}
