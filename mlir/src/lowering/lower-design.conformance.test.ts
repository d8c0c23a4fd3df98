import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { conformanceDesigns, conformanceStage, conformanceText } from "./conformance.test-support.ts";
import { lowerDesign } from "./lower-design.ts";
import { structureOf } from "./lowered-structure.ts";

/** Designs where ours is not the real compiler's result, and why. */
const different: Readonly<Record<string, string>> = {
  "pad-dimensions-memtile": "a link that pads: that revision makes the buffers as large as the padded objects",
  "repeat-count-compute": "with repeat_count the real tool leaves out the acquires after the first; ours takes all",
};

/** Designs that are refused with more, or other, words than the real compiler's. */
const ownMessages: Readonly<Record<string, string>> = {
  "reject-buffer-in-core": "core (0,2): Buffer 'inner' must be defined directly under the device scope",
  "reject-compute-repeat-too-many-bds": "exhausted available BD IDs (maximum 16 available for channel 0)",
  "reject-compute-too-many-bds": "exhausted available BD IDs (maximum 16 available for channel 1)",
  "reject-fifo-repeat-lock-overflow": "lock @i_cons_prod_lock_0 starts at 80: expected at most 63",
  "reject-lock-id-twice": "lock %k is assigned to the same lock (3) as another op: %l",
  "reject-loop-without-constant-bounds":
    "reject-loop-without-constant-bounds:15:7: scf.for: a loop with acquires needs constant bounds",
  "reject-memtile-too-many-bds": "exhausted available BD IDs (maximum 24 available for channel 0)",
  "reject-seventeen-locks": "needs a lock, all 16 are in use by",
  "reject-shared-fifos-too-many-locks": "%x8_prod_lock_0 needs a lock, all 16 are in use by",
};

const accepted = conformanceDesigns().filter((d) => d.rejectedAt === null);
const quirk = "quirk-address-moved";

test.each(accepted.filter((d) => different[d.name] === undefined))(
  "$name: tiles, buffers, locks, DMA programs, flows and core accesses are the real compiler's",
  ({ name, shows }) => {
    const options = { addresses: !shows.includes(quirk) };
    const expected = structureOf(parseModule(conformanceText(`${name}.addresses.mlir`), name), options);

    const { module } = lowerDesign(parseModule(conformanceText(`${name}.mlir`), name));

    expect(structureOf(module, options)).toEqual(expected);
  },
);

test.each(Object.entries(different))("%s differs from the real compiler: %s", (name) => {
  const expected = structureOf(parseModule(conformanceText(`${name}.addresses.mlir`), name), { addresses: true });

  const { module } = lowerDesign(parseModule(conformanceText(`${name}.mlir`), name));

  expect(structureOf(module, { addresses: true })).not.toEqual(expected);
});

test.each(conformanceDesigns().filter((d) => d.rejectedAt === "addresses"))(
  "$name is refused with what the real compiler says in the same stage",
  ({ name }) => {
    const message = ownMessages[name] ?? messageOf(conformanceStage(name, "addresses").error);

    expect(message).toMatch(/\w+ \w+/);
    expect(() => lowerDesign(parseModule(conformanceText(`${name}.mlir`), name))).toThrow(message);
  },
);

/** The real compiler's words without place, operation and final stop. */
function messageOf(error = ""): string {
  return error
    .replace(/^.*?error: /, "")
    .replace(/^'[\w.]+' op /, "")
    .replace(/\.$/, "");
}
