import { type ApiNames, whySimulatorOnly } from "./api-names.ts";
import type { Finding } from "./finding.ts";
import { nearestName } from "./nearest-name.ts";

/**
 * Holds the simulator's headers against the published interface: each public name is published, with no call that the
 * published one would refuse, or it is known to be the simulator's own. So what compiles here with published names compiles
 * there too.
 */
export function checkHeaders({ published, simulator }: ApiNames): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { name, header, line, args } of simulator.values()) {
    const there = published.get(name);
    if (there === undefined) {
      if (whySimulatorOnly(name) !== undefined) continue;
      const problem = "public in the simulator's headers, but not in the published aie_api";
      findings.push({ path: header, line, what: name, problem, ...nearest(name, published) });
    } else if (args && there.args && (args[0] < there.args[0] || args[1] > there.args[1])) {
      const problem = `takes ${counts(args)} here, ${counts(there.args)} in the published aie_api`;
      findings.push({ path: header, line, what: name, problem });
    }
  }
  return findings;
}

function nearest(name: string, published: ApiNames["published"]): { readonly instead?: string } {
  const instead = nearestName(name, [...published.keys()]);
  return instead === undefined ? {} : { instead };
}

/** `1 argument`, `1 to 2 arguments`, `1 argument or more`. */
export function counts([fewest, most]: readonly [number, number]): string {
  if (most >= 99) return `${fewest} argument${fewest === 1 ? "" : "s"} or more`;
  if (fewest === most) return `${fewest} argument${fewest === 1 ? "" : "s"}`;
  return `${fewest} to ${most} arguments`;
}
