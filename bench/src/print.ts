/** Writes a line of figures; standard error is left to the logs of the services. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
