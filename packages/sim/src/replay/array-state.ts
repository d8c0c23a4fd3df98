import type { ConfiguredArray } from "../array.ts";

/**
 * All that decides over what the array does with the next launch, but for data and cores' own buffers: equal keys, equal
 * schedules. BDs that instruction streams write are not in it. Undefined when something is under way, when a core stands
 * elsewhere than at a lock, or when such a BD is still in use.
 */
export function restKey({ clock, cores, controller, tiles, channels }: ConfiguredArray): string | undefined {
  if (!clock.idle) return undefined;
  const keys = [...cores.map((core) => core.stateKey), ...channels().map((channel) => channel.stateKey)];
  if (keys.includes(undefined)) return undefined;
  for (const { bds, channels } of tiles()) {
    const used = channels.flatMap(({ tasks }) => tasks.flatMap(({ bdId }) => [...bds.chain(bdId)]));
    if (used.some((id) => bds.isWritten(id))) return undefined;
  }
  // With their places: tiles come in the order in which they were touched, which may be another one in another array.
  const ofTiles = tiles().map(({ coord, bds, locks }) => {
    return `${coord.col},${coord.row} ${bds.stateKey} ${locks.map((lock) => lock.stateKey).join(";")}`;
  });
  return [...keys, ...ofTiles, controller.tokens.stateKey].join("\n");
}
