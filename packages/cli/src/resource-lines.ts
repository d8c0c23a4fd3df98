import type { ResourceUse } from "@aiekit/host";
import { formatTable } from "./table.ts";

/** Names that are shown of those who take of a resource. */
const takersShown = 5;

/** A table of what a design takes of its tiles. */
export function resourceTable(use: readonly ResourceUse[]): string {
  const rows = use.map(({ tile, resource, used, limit, takers }) => {
    const shown = takers.slice(0, takersShown).map(({ name, amount }) => `${name} ${amount}`);
    const more = takers.length - shown.length;
    const percent = `${Math.round((100 * used) / limit)} %`;
    const names = [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
    return [`(${tile.col},${tile.row})`, resource, String(used), String(limit), percent, names];
  });
  return formatTable(
    [
      { title: "tile" },
      { title: "resource" },
      { title: "used", align: "right" },
      { title: "of", align: "right" },
      { title: "", align: "right" },
      { title: "by" },
    ],
    rows,
  );
}
