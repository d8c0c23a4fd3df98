import { parseModule } from "@aiekit/mlir";
import type { ArrayConfig } from "./array-config.ts";
import { type ConfigOptions, loadArrayConfig } from "./load-array-config.ts";

/**
 * Reads how the text of a lowered design configures the array. `fileName` is what messages call it.
 * @throws FormatError where the text does not parse; DesignError as `loadArrayConfig`.
 */
export function parseArrayConfig(text: string, fileName: string, options: ConfigOptions = {}): ArrayConfig {
  return loadArrayConfig(parseModule(text, fileName), options);
}
