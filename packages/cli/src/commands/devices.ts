import type { DeviceEntry } from "@aiekit/host";
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
  for (const { kind, hint } of entries) if (hint !== undefined) stdout.write(`  ${kind}: ${hint}\n`);
  return exitCodes.ok;
};
