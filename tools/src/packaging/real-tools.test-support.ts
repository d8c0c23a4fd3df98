import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface RealTools {
  readonly bootgen: string;
  readonly xclbinutil: string;
  readonly aiebuAsm: string;
  /** Why the first two are not there. */
  readonly skipReason: string | undefined;
  /** Why aiebu-asm is not there. */
  readonly noAiebuAsm: string | undefined;
}

const toolNames = ["bootgen", "xclbinutil", "aiebu-asm"] as const;

/**
 * The real bootgen, xclbinutil and aiebu-asm: in the folder that AIEKIT_PACKAGING_TOOLS names, or where
 * scripts/get-packaging-tools.mjs puts them.
 */
export function realTools(): RealTools {
  const own = fileURLToPath(new URL("../../../.cache/packaging-tools/", import.meta.url));
  const folder = process.env.AIEKIT_PACKAGING_TOOLS ?? own;
  const [bootgen, xclbinutil, aiebuAsm] = toolNames.map((name) => join(folder, "bin", name)) as [
    string,
    string,
    string,
  ];
  const found = existsSync(bootgen) && existsSync(xclbinutil);
  return {
    ...{ bootgen, xclbinutil, aiebuAsm },
    skipReason: found ? undefined : reasonIn(folder, "bootgen and xclbinutil"),
    noAiebuAsm: existsSync(aiebuAsm) ? undefined : reasonIn(folder, "aiebu-asm"),
  };
}

function reasonIn(folder: string, what: string): string {
  const note = join(folder, "unavailable.txt");
  if (!existsSync(note)) return `no real ${what}: make test-tools gets them`;
  return `no real ${what}: ${readFileSync(note, "utf8").trim()}`;
}
