package accel

const (
	romSize = 64 << 10 // it fills the last 64 KiB below 1 MiB, and below 4 GiB

	exitPort   = 0xf4
	exitValue  = 0x2a
	doneStatus = exitValue<<1 | 1 // what isa-debug-exit makes of it
)

// program counts to 2^20 in real mode and ends QEMU:
//
//	        cli
//	        mov  ecx, 0x100000
//	count:  dec  ecx
//	        jnz  count
//	        mov  al, exitValue
//	        out  exitPort, al
//	halt:   hlt
//	        jmp  halt
var program = []byte{
	0xfa,
	0x66, 0xb9, 0x00, 0x00, 0x10, 0x00,
	0x66, 0x49,
	0x75, 0xfc,
	0xb0, exitValue,
	0xe6, exitPort,
	0xf4,
	0xeb, 0xfd,
}

// resetVector is where a processor begins, 16 bytes below the ROM's end:
//
//	jmp  0xf000:0x0000
var resetVector = []byte{0xea, 0x00, 0x00, 0x00, 0xf0}

func rom() []byte {
	image := make([]byte, romSize)
	copy(image, program)
	copy(image[romSize-16:], resetVector)
	return image
}
