// Counts the statements that N3.js reads from a file. Arguments: the file, its media type.
import { createReadStream } from "node:fs";
import { Parser } from "n3";

const [file, format] = process.argv.slice(2);
let count = 0;
new Parser({ format }).parse(createReadStream(file), (error, quad) => {
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
  if (quad) count += 1;
  else console.log(count);
});
