interface Closable {
  close: () => Promise<void>;
}

/** Notes what was opened, if anything, and returns it. */
type NoteOpened = <File extends Closable | undefined>(file: File) => File;

/** Opens several files: when one of them cannot be, or what is made of them cannot, those that were noted are closed. @throws what `body` throws */
export async function openTogether<Result>(body: (noted: NoteOpened) => Promise<Result>): Promise<Result> {
  const opened: Closable[] = [];
  try {
    return await body((file) => {
      if (file !== undefined) opened.push(file);
      return file;
    });
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
}
