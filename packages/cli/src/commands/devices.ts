import type { DeviceEntry, NpuFacts } from "@aiekit/host";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatTable } from "../table.ts";

export type DevicesOptions = Readonly<Record<string, never>>;

/** `aiekit devices`: exit code 0, whatever is there. */
export const devices: Command<DevicesOptions> = async ({ stdout, colors, json, environment }) => {
  const { listDevices } = await import("@aiekit/host");
  const entries = await listDevices({ xrtAddon: environment.xrtAddon });
  if (json) {
    stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return exitCodes.ok;
  }
  const mark = ({ available }: DeviceEntry) => (available ? colors.green("ok") : colors.dim("absent"));
  const rows = entries.map((entry) => [mark(entry), entry.kind, entry.name, entry.detail]);
  stdout.write(`${formatTable([{ title: "" }, { title: "kind" }, { title: "device" }, { title: "" }], rows)}\n`);
  for (const { facts } of entries) if (facts !== undefined) stdout.write(`${formatFacts(facts)}\n`);
  for (const { kind, hint } of entries) if (hint !== undefined) stdout.write(`  ${kind}: ${hint}\n`);
  return exitCodes.ok;
};

/** What is not known is left out, but for columns in use, where that would read as none. */
function formatFacts({ bdf, firmware, xrt, driver, columns, inUse, powerMode }: NpuFacts): string {
  const known = [
    ["XRT", xrt],
    ["amdxdna", driver ?? "of the kernel"],
    ["firmware", firmware],
    ["columns", columns],
    ["in use", inUse === undefined ? "not known" : `${inUse.columns} column(s) by ${inUse.contexts} context(s)`],
    ["power mode", powerMode],
  ].filter(([, value]) => value !== undefined);
  return `  ${bdf}: ${known.map(([name, value]) => `${name} ${value}`).join(", ")}`;
}
