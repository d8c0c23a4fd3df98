import { join } from "node:path";
import { UsageError } from "@aiekit/core";

/** Variable that names the folder for installed toolchains. */
export const toolchainVariable = "AIEKIT_TOOLCHAIN";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The user's private folder for installed toolchains: `$AIEKIT_TOOLCHAIN`, or `aiekit/toolchain` in the cache folder of
 * the platform. Not in the checkout, so that `make clean` and a second checkout keep what took minutes to download.
 * undefined where the variables name no home.
 */
export function toolchainFolder(env: Variables, platform: string = process.platform): string | undefined {
  if (env[toolchainVariable]) return env[toolchainVariable];
  const cache = cacheFolder(env, platform);
  return cache && join(cache, "aiekit", "toolchain");
}

/** @throws UsageError where the variables name no home. */
export function requireToolchainFolder(env: Variables): string {
  const folder = toolchainFolder(env);
  if (folder !== undefined) return folder;
  throw new UsageError("no folder for toolchains: HOME is not set", { hint: `${toolchainVariable}=FOLDER` });
}

/** Where the platform keeps what can be had again. */
export function cacheFolder(env: Variables, platform: string = process.platform): string | undefined {
  const home = env.HOME || env.USERPROFILE;
  if (platform === "win32") return env.LOCALAPPDATA || (home && join(home, "AppData", "Local"));
  if (platform === "darwin") return home && join(home, "Library", "Caches");
  return env.XDG_CACHE_HOME || (home && join(home, ".cache"));
}
