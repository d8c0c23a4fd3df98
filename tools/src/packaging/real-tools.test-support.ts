import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface RealTools {
  readonly bootgen: string;
  readonly xclbinutil: string;
  /** Why they are not there. */
  readonly skipReason: string | undefined;
}

/**
 * The real bootgen and xclbinutil: in the folder that AIEKIT_PACKAGING_TOOLS names, or where
 * scripts/get-packaging-tools.mjs puts them.
 */
export function realTools(): RealTools {
  const own = fileURLToPath(new URL("../../../.cache/packaging-tools/", import.meta.url));
  const folder = process.env.AIEKIT_PACKAGING_TOOLS ?? own;
  const [bootgen, xclbinutil] = ["bootgen", "xclbinutil"].map((name) => join(folder, "bin", name)) as [string, string];
  const found = existsSync(bootgen) && existsSync(xclbinutil);
  return { bootgen, xclbinutil, skipReason: found ? undefined : reasonIn(folder) };
}

function reasonIn(folder: string): string {
  const note = join(folder, "unavailable.txt");
  if (!existsSync(note)) return "no real bootgen and xclbinutil: make test-tools gets them";
  return `no real bootgen and xclbinutil: ${readFileSync(note, "utf8").trim()}`;
}
