/**
 * Speeds that the project wants to reach one after another, in times real time, for the whole way from sound to text on an NPU.
 * They belong to no phase and no model size: a row says which of them its figure reaches.
 */
const targetsTimesRealTime = [10, 15, 30, 80, 150, 220] as const;

/** `30x, next 80x`: the highest target that a speed reaches, and the one after it. */
export function targetCell(timesRealTime: number): string {
  const reached = targetsTimesRealTime.filter((target) => timesRealTime >= target).at(-1);
  const next = targetsTimesRealTime.find((target) => timesRealTime < target);
  const parts = [reached === undefined ? "none" : `${reached}x`, next === undefined ? "the last" : `next ${next}x`];
  return parts.join(", ");
}
