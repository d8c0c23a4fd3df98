import { expect, test } from "vitest";
import { readReports } from "./npu-facts.ts";

test("columns, power mode and versions are read from XRT's reports", () => {
  const platform = { platforms: [{ static_region: { total_columns: "8" }, status: { power_mode: "performance" } }] };
  const host = {
    version: "2.25.00",
    drivers: [
      { name: "virtio-pci", version: "9" },
      { name: "amdxdna", version: "2.25.3" },
    ],
  };

  expect(readReports({ platform: JSON.stringify(platform), host: JSON.stringify(host) })).toEqual({
    ...{ columns: 8, powerMode: "performance", xrt: "2.25.00", driver: "2.25.3" },
  });
});

test.each([
  ["", ""],
  ["{", "[]"],
  ["null", '{"drivers": {}}'],
  ['{"platforms": [{"static_region": {"total_columns": "many"}}]}', '{"version": "unknown"}'],
])("what the reports do not tell is undefined: %s and %s", (platform, host) => {
  const nothing = { columns: undefined, powerMode: undefined, xrt: undefined, driver: undefined };

  expect(readReports({ platform, host })).toEqual(nothing);
});
