const extensions = /\.(wav|flac|mp3|ogg|oga|opus|m4a|mp4|aac|webm|mkv|aif|aiff|au|caf|amr|wma)$/i;

/** Whether a file of this name is taken for a recording where its content is not looked at: in a folder of many files. */
export function isRecordingName(name: string): boolean {
  return extensions.test(name);
}
