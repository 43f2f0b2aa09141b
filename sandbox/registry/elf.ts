// Owns the smallest program that a container can run: a static Linux executable that prints one line and exits
// with 0, put together byte by byte so that the sample image needs no download and no compiler.

/** Where the program is loaded; any page-aligned address above the kernel's minimum. */
const BASE = 0x400000;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const CODE_AT = ELF_HEADER + PROGRAM_HEADER;

/** The architectures that the sample image can be made for, by Node's names. */
export type Architecture = 'x64' | 'arm64';

/** An ELF executable that writes the text to standard output and exits with 0. */
export function printingProgram(text: string, architecture: Architecture): Buffer {
  const message = Buffer.from(text, 'utf8');
  const code = architecture === 'arm64' ? arm64Code(message.length) : x64Code(message.length);
  const size = CODE_AT + code.length + message.length;

  const header = Buffer.alloc(CODE_AT);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, 64 bits, little-endian, version
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(architecture === 'arm64' ? 183 : 62, 18); // machine
  header.writeUInt32LE(1, 20); // version
  header.writeBigUInt64LE(BigInt(BASE + CODE_AT), 24); // entry point
  header.writeBigUInt64LE(BigInt(ELF_HEADER), 32); // program headers
  header.writeUInt16LE(ELF_HEADER, 52);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(1, 56); // one program header
  header.writeUInt32LE(1, ELF_HEADER); // load
  header.writeUInt32LE(5, ELF_HEADER + 4); // read and execute
  header.writeBigUInt64LE(BigInt(BASE), ELF_HEADER + 16); // virtual address
  header.writeBigUInt64LE(BigInt(BASE), ELF_HEADER + 24); // physical address
  header.writeBigUInt64LE(BigInt(size), ELF_HEADER + 32); // size in the file
  header.writeBigUInt64LE(BigInt(size), ELF_HEADER + 40); // size in memory
  header.writeBigUInt64LE(0x10000n, ELF_HEADER + 48); // alignment: arm64 may have pages of 64 KB
  return Buffer.concat([header, code, message]);
}

function x64Code(length: number): Buffer {
  const instructions = [
    'b8 01000000', // mov eax, 1 (write)
    'bf 01000000', // mov edi, 1 (standard output)
    '48 8d 35 00000000', // lea rsi, [rip + message]
    'ba 00000000', // mov edx, length
    '0f 05', // syscall
    'b8 3c000000', // mov eax, 60 (exit)
    '31 ff', // xor edi, edi
    '0f 05', // syscall
  ];
  const code = Buffer.from(instructions.join('').replaceAll(' ', ''), 'hex');
  code.writeInt32LE(code.length - 17, 13); // from the end of lea to the end of the code
  code.writeUInt32LE(length, 18);
  return code;
}

function arm64Code(length: number): Buffer {
  const movz = (register: number, value: number): number => (0xd2800000 | (value << 5) | register) >>> 0;
  const instructions = [
    movz(0, 1), // standard output
    0x100000e1, // adr x1, message: 7 instructions further on
    movz(2, length),
    movz(8, 64), // write
    0xd4000001, // svc 0
    movz(0, 0),
    movz(8, 93), // exit
    0xd4000001, // svc 0
  ];
  const code = Buffer.alloc(instructions.length * 4);
  instructions.forEach((instruction, index) => code.writeUInt32LE(instruction, index * 4));
  return code;
}
