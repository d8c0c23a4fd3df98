/** Gives each interval the lowest track on which it meets no other. Returns a track for each, in the order given. */
export function assignTracks(
  intervals: readonly { readonly from: number; readonly to: number }[],
  gap: number,
): number[] {
  const order = intervals.map((_, i) => i).sort((a, b) => intervals[a]!.from - intervals[b]!.from || a - b);
  const ends: number[] = [];
  const tracks = new Array<number>(intervals.length).fill(0);
  for (const i of order) {
    const { from, to } = intervals[i]!;
    const free = ends.findIndex((end) => end + gap < from);
    const track = free < 0 ? ends.length : free;
    ends[track] = to;
    tracks[i] = track;
  }
  return tracks;
}
