import type { Connection } from "../connectivity.ts";
import { sectionKindName, sectionKinds } from "../section-kinds.ts";
import type { Xclbin } from "../xclbin.ts";
import type { Finding } from "./rules.ts";

const connectivity = sectionKindName(sectionKinds.connectivity);
const groupConnectivity = sectionKindName(sectionKinds.groupConnectivity);
const topology = sectionKindName(sectionKinds.memTopology);

/** Banks and connections, beyond what `explainXclbin` tells. */
export function checkMemory(xclbin: Xclbin): Finding[] {
  return [...banks(xclbin), ...strayConnections(xclbin), ...groups(xclbin), ...instructionMemory(xclbin)];
}

function banks({ memory, connections }: Xclbin): Finding[] {
  const connected = new Set(connections.map(({ memoryIndex }) => memoryIndex));
  return memory.flatMap(({ tag, used, sizeKib }, i): Finding[] => {
    if (!connected.has(i)) return [];
    const where = `${topology}, bank ${i}`;
    if (!used)
      return [{ code: "bank-unused", where, cause: `${tag} is connected to arguments and marked as not used` }];
    if (sizeKib === 0n) return [{ code: "bank-empty", where, cause: `${tag} is connected to arguments and has 0 KiB` }];
    return [];
  });
}

function strayConnections(xclbin: Xclbin): Finding[] {
  // Without compute units that is the finding.
  if (xclbin.ips.length === 0) return [];
  return xclbin.connections.flatMap((connection, i): Finding[] => {
    const { argIndex, ipIndex } = connection;
    const where = `${connectivity}, entry ${i}`;
    const ip = xclbin.ips[ipIndex];
    if (ip === undefined) {
      const cause = `compute unit ${ipIndex} does not exist: there are ${xclbin.ips.length}`;
      return [{ code: "connection-stray", where, cause }];
    }
    const kernel = xclbin.kernels.find(({ name }) => ip.name.startsWith(`${name}:`));
    const arg = kernel?.args.find(({ index }) => index === argIndex);
    if (kernel === undefined || arg?.qualifier === "GLOBAL") return [];
    const what =
      arg === undefined ? `kernel ${kernel.name} has no argument ${argIndex}` : `argument ${arg.name} is no buffer`;
    return [{ code: "connection-stray", where, cause: what }];
  });
}

/** XRT takes group_id from the GROUP sections where they are. */
function groups(xclbin: Xclbin): Finding[] {
  const connections = contentOf(xclbin, sectionKinds.groupConnectivity);
  const groupBanks = contentOf(xclbin, sectionKinds.groupTopology);
  if (connections?.type !== "connectivity" || groupBanks?.type !== "memory") return [];
  const key = ({ argIndex, ipIndex }: Connection): string => `${argIndex} ${ipIndex}`;
  const known = connections.connections.filter(({ memoryIndex }) => groupBanks.banks[memoryIndex] !== undefined);
  const grouped = new Set(known.map(key));
  return xclbin.connections.flatMap((connection): Finding[] => {
    if (isScalar(xclbin, connection)) return [];
    if (grouped.has(key(connection))) return [];
    const cause = `argument ${connection.argIndex} of compute unit ${connection.ipIndex} is connected to no group`;
    return [{ code: "group-unconnected", where: groupConnectivity, cause }];
  });
}

function isScalar({ ips, kernels }: Xclbin, { argIndex, ipIndex }: Connection): boolean {
  const kernel = kernels.find(({ name }) => ips[ipIndex]?.name.startsWith(`${name}:`));
  return kernel?.args.find(({ index }) => index === argIndex)?.qualifier === "SCALAR";
}

function instructionMemory(xclbin: Xclbin): Finding[] {
  const sram = xclbin.memory.findIndex(({ tag }) => tag === "SRAM");
  if (sram < 0) return [];
  return xclbin.connections.flatMap(({ argIndex, ipIndex, memoryIndex }, i): Finding[] => {
    const ip = xclbin.ips[ipIndex];
    const kernel = xclbin.kernels.find(({ name }) => ip?.name.startsWith(`${name}:`));
    const arg = kernel?.args.find(({ index }) => index === argIndex);
    if (arg?.name !== "instr" || memoryIndex === sram || xclbin.memory[memoryIndex] === undefined) return [];
    const cause = `argument instr of kernel ${kernel!.name} is connected to ${xclbin.memory[memoryIndex]!.tag}`;
    return [{ code: "instr-memory", where: `${connectivity}, entry ${i}`, cause }];
  });
}

function contentOf({ sections }: Xclbin, kind: number) {
  return sections.find((section) => section.kind === kind)?.content;
}
