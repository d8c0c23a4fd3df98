import { type Operation, type TileCoord, walk } from "@aiekit/mlir";

/** Places of the tiles of a device, without logical tiles that have no place yet. */
export function declaredTiles(device: Operation): TileCoord[] {
  const tiles: TileCoord[] = [];
  walk(device, (op) => {
    const [col, row] = [op.int("col"), op.int("row")];
    if (op.name === "aie.tile" && col !== undefined && row !== undefined) tiles.push({ col, row });
  });
  return tiles;
}
