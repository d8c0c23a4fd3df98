import { readFileSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** Of a process, as far as XRT looks for its settings there. */
export interface SettingPlaces {
  /** The program's own file, links followed. */
  readonly program: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const setting = "Debug.force_driver_sync";

/**
 * Whether XRT's settings may make a sync a call of the driver (`force_driver_sync = true` in section Debug of xrt.ini), which
 * can wait; without, it flushes the processor's caches. XRT tells no program, so its files are read here: by
 * config_reader.cpp of XRT 2.25 those that two variables name, and those beside the program and in its folder. XRT takes the
 * first; here any counts, since a flush on a thread is right too.
 */
export function mayCallDriverForSync(places: SettingPlaces = thisProcess()): boolean {
  const { program, folder, env } = places;
  if (env[setting] !== undefined && env[setting] !== "") return env[setting] === "true";
  const named = [env.XRT_INI_PATH, env.SDACCEL_INI_PATH].filter((path) => path !== undefined && path !== "");
  const found = [dirname(program), folder].flatMap((at) => [join(at, "xrt.ini"), join(at, "sdaccel.ini")]);
  return [...(named as string[]), ...found].some((path) =>
    /^\s*force_driver_sync\s*=\s*(?!false|0)\S/m.test(textOf(path)),
  );
}

function thisProcess(): SettingPlaces {
  return { program: readlinkSync("/proc/self/exe"), folder: process.cwd(), env: process.env };
}

/** Empty for a file that is not there, or that XRT could not read either. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
