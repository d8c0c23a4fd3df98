import { homedir } from "node:os";
import { join } from "node:path";

/** Variable that names the folder for installed toolchains. */
export const toolchainVariable = "AIEKIT_TOOLCHAIN";

/**
 * The user's private folder for installed toolchains: `$AIEKIT_TOOLCHAIN`, or `aiekit/toolchain` in the cache folder of
 * the platform. Not in the checkout, so that `make clean` and a second checkout keep what took minutes to download.
 */
export function toolchainFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: string = process.platform,
): string {
  const chosen = env[toolchainVariable];
  if (chosen) return chosen;
  return join(cacheFolder(env, platform), "aiekit", "toolchain");
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>, platform: string): string {
  const home = env.HOME || env.USERPROFILE || homedir();
  if (platform === "win32") return env.LOCALAPPDATA || join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Caches");
  return env.XDG_CACHE_HOME || join(home, ".cache");
}
