import type { Tensor } from "@aiekit/core";
import type { EncoderState } from "../executor.ts";
import type { EncodedWindow } from "./encoded-window.ts";

/** A window that another executor encoded, on the device. The last one is kept: it may be decoded more than once. */
export class AdoptedWindow {
  readonly #adopt: (encoded: Tensor<"f32">) => Promise<EncodedWindow>;
  #last: { readonly state: EncoderState; readonly window: EncodedWindow } | undefined;

  constructor(adopt: (encoded: Tensor<"f32">) => Promise<EncodedWindow>) {
    this.#adopt = adopt;
  }

  /** A session over the window before must have ended. @throws what the state's `output` throws where it is closed. */
  async of(state: EncoderState): Promise<EncodedWindow> {
    if (this.#last?.state === state) return this.#last.window;
    const encoded = await state.output();
    await this.close();
    const window = await this.#adopt(encoded);
    this.#last = { state, window };
    return window;
  }

  async close(): Promise<void> {
    await this.#last?.window.close();
    this.#last = undefined;
  }
}
