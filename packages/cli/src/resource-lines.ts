import type { ResourceUse } from "@aiekit/host";
import type { ContextUse, DesignUse, ProgramUse } from "./design-use.ts";
import { formatTable } from "./table.ts";

/** Names that are shown of those who take of a resource. */
const takersShown = 5;
/** What may be done where a core's program is too large. */
const shorterProgram = "unroll less (AIE_LOOP_UNROLL), inline less, or give the core fewer kernels";

/** What a design takes of its device, what is full or too much, and what makes room there. */
export function useLines({ tiles, switches, programs, context }: DesignUse): string[] {
  return [
    useTable(tiles),
    ...(switches.length > 0 ? ["stream switches, as routed:", useTable(switches)] : []),
    ...programs.map(programLine),
    ...contextLines(context),
    ...[...tiles, ...switches].flatMap(fullLine),
  ];
}

function useTable(use: readonly ResourceUse[]): string {
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

function programLine({ tile, usedBytes, limitBytes, unknown }: ProgramUse): string {
  const core = `core (${tile.col},${tile.row}): program memory ${limitBytes} bytes`;
  if (usedBytes === undefined) return `${core}; its program's size is ${unknown}`;
  if (usedBytes <= limitBytes) return `${core}, ${usedBytes} used`;
  return `${core}, ${usedBytes} used, ${usedBytes - limitBytes} too many: ${shorterProgram}`;
}

function contextLines({ columns, columnsOfDevice, idleColumns, contextsMax, sideBySide }: ContextUse): string[] {
  const lines = [
    `context: ${columns} of ${columnsOfDevice} columns, 1 of ${contextsMax} contexts; ${sideBySide} of this width at once have columns of their own`,
  ];
  if (idleColumns.length > 0) {
    lines.push(`columns ${idleColumns.join(", ")} hold nothing: an aie.device of fewer columns leaves them to others`);
  }
  return lines;
}

/** Ports of which there is one or two, and that say no more than the channels behind them. */
const endPorts = /^(DMA|Core|FIFO|Trace|TileControl|shim mux) /;

/** Full is no fault: it says what to do before something is added. */
function fullLine({ tile, resource, used, limit, change }: ResourceUse): string[] {
  if (used < limit || (used === limit && endPorts.test(resource))) return [];
  const state = used > limit ? `${used - limit} too many` : "all taken";
  return [`(${tile.col},${tile.row}) ${resource}, ${used} of ${limit}: ${state}; for more room ${change}`];
}
