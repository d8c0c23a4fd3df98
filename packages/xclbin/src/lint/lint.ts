import { FormatError } from "@aiekit/core";
import { readAxlf, withoutAppended } from "../axlf.ts";
import { explainXclbin } from "../explain.ts";
import { sectionKindName } from "../section-kinds.ts";
import { readSection, type Xclbin, type XclbinSection, xclbinOf } from "../xclbin.ts";
import { checkContainer } from "./container-checks.ts";
import { checkKernels } from "./kernel-checks.ts";
import { checkMemory } from "./memory-checks.ts";
import { checkPartition, type LintDevice } from "./partition-checks.ts";
import { type Finding, type LintFinding, lintFinding, type Severity } from "./rules.ts";
import { checkStream } from "./stream-checks.ts";

export interface LintInput {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the xclbin is to run on; where absent, only what holds for every NPU is told. */
  readonly device?: LintDevice | undefined;
  /** An instruction stream that is to run with it. */
  readonly stream?: { readonly name: string; readonly bytes: Uint8Array } | undefined;
}

const order: readonly Severity[] = ["error", "warning", "note"];

/** Everything in an xclbin that makes XRT refuse it or go wrong in silence, errors first. Never throws for a damaged file. */
export function lintXclbin({ name, bytes, device, stream }: LintInput): readonly LintFinding[] {
  const container = checkContainer(bytes, name);
  const findings: Finding[] = [...container.findings];
  const xclbin = container.isReadable ? readAll(bytes, name, findings) : undefined;
  if (xclbin !== undefined) findings.push(...checkXclbin(xclbin, { device, damaged: findings }));
  if (stream !== undefined) findings.push(...checkStream(stream.bytes, stream.name, { xclbin, device }));
  const rank = ({ severity }: LintFinding): number => order.indexOf(severity);
  return findings.map(lintFinding).sort((a, b) => rank(a) - rank(b));
}

/** Reads what can be read; a damaged section becomes a finding and counts as absent. */
function readAll(bytes: Uint8Array, name: string, findings: Finding[]): Xclbin | undefined {
  try {
    const { header, sections, trailer } = readAxlf(withoutAppended(bytes), name);
    const read = sections.flatMap((section): XclbinSection[] => {
      const part = orFinding(() => readSection(section, name), {
        name,
        where: `section ${sectionKindName(section.kind)}`,
        findings,
      });
      return part === undefined ? [] : [part];
    });
    return xclbinOf({ name, header, sections: read, trailer });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    findings.push({ code: "section-damaged", where: "section table", cause: error.message, offset: error.offset ?? 0 });
    return undefined;
  }
}

function orFinding(
  read: () => XclbinSection,
  { name, where, findings }: { readonly name: string; readonly where: string; readonly findings: Finding[] },
): XclbinSection | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const cause = error.message.replace(`${name}: `, "");
    findings.push({ code: "section-damaged", where, cause, offset: error.offset ?? 0 });
    return undefined;
  }
}

function checkXclbin(
  xclbin: Xclbin,
  { device, damaged }: { readonly device: LintDevice | undefined; readonly damaged: readonly Finding[] },
): Finding[] {
  const isDamaged = (section: string): boolean =>
    damaged.some(({ code, where }) => code === "section-damaged" && where === `section ${section}`);
  const known = explainXclbin(xclbin)
    .filter(({ section }) => !isDamaged(section))
    .map(({ code, section, what }): Finding => ({ code, where: section, cause: what }));
  return [...known, ...checkKernels(xclbin), ...checkMemory(xclbin), ...checkPartition(xclbin, device)];
}
