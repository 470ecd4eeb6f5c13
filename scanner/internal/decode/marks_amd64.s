#include "textflag.h"

// A byte is of a key when the entries of its two halves in these tables have a bit in common. The bits are for what stands in the
// rows 2 (+ - . /), 3 (digits and =), 4 and 6 (letters), 5 (letters and _) and 7 (letters) of ASCII.
DATA low<>+0(SB)/8, $0x1e1e1e1e1e1e1e1a
DATA low<>+8(SB)/8, $0x0d050704051c1e1e
GLOBL low<>(SB), RODATA|NOPTR, $16

DATA high<>+0(SB)/8, $0x1004080402010000
DATA high<>+8(SB)/8, $0
GLOBL high<>(SB), RODATA|NOPTR, $16

// The same for the bytes that are odd, in the rows 10 to 15: see peculiar.
DATA lowOdd<>+0(SB)/8, $0x00000000180a0811
DATA lowOdd<>+8(SB)/8, $0x0800030002020004
GLOBL lowOdd<>(SB), RODATA|NOPTR, $16

DATA highOdd<>+0(SB)/8, $0
DATA highOdd<>+8(SB)/8, $0x1008040200010000
GLOBL highOdd<>(SB), RODATA|NOPTR, $16

#define REPEATED(name, eight) \
	DATA name<>+0(SB)/8, $eight  \
	DATA name<>+8(SB)/8, $eight  \
	DATA name<>+16(SB)/8, $eight \
	DATA name<>+24(SB)/8, $eight \
	GLOBL name<>(SB), RODATA|NOPTR, $32

REPEATED(percent, 0x2525252525252525)
REPEATED(ampersand, 0x2626262626262626)
REPEATED(equals, 0x3d3d3d3d3d3d3d3d)
REPEATED(newline, 0x0a0a0a0a0a0a0a0a)

#define BROADCAST(c, x, y) \
	MOVL         $c, AX \
	VMOVD        AX, x  \
	VPBROADCASTB x, y

#define PUT(y, to) \
	VPMOVMSKB y, AX \
	MOVL      AX, to

// func markCellsAVX2(dst *uint64, text *byte, stride, halves int) (zeros uint32)
TEXT ·markCellsAVX2(SB), NOSPLIT, $0-36
	MOVQ dst+0(FP), DI
	MOVQ text+8(FP), SI
	MOVQ stride+16(FP), DX
	MOVQ halves+24(FP), CX
	LEAQ (DI)(DX*4), R8
	LEAQ (DX)(DX*2), R9

	VBROADCASTI128 low<>(SB), Y8
	VBROADCASTI128 high<>(SB), Y9
	VBROADCASTI128 lowOdd<>(SB), Y12
	VBROADCASTI128 highOdd<>(SB), Y13
	BROADCAST(0x0f, X10, Y10)
	BROADCAST(0x5c, X11, Y11) // backslash
	BROADCAST(0x0d, X4, Y4)   // return
	BROADCAST(0x22, X5, Y5)   // double quote
	BROADCAST(0x27, X6, Y6)   // single quote
	VPXOR Y3, Y3, Y3
	VPXOR Y7, Y7, Y7 // where a zero was

half:
	VMOVDQU (SI), Y0

	VPAND    Y10, Y0, Y1
	VPSRLW   $4, Y0, Y2
	VPAND    Y10, Y2, Y2
	VPSHUFB  Y1, Y8, Y14
	VPSHUFB  Y2, Y9, Y15
	VPAND    Y14, Y15, Y14
	VPCMPEQB Y3, Y14, Y14
	VPMOVMSKB Y14, AX
	NOTL     AX
	MOVL     AX, (DI)

	VPSHUFB  Y1, Y12, Y14
	VPSHUFB  Y2, Y13, Y15
	VPAND    Y14, Y15, Y14
	VPCMPEQB Y3, Y14, Y14
	VPMOVMSKB Y14, AX
	NOTL     AX
	MOVL     AX, (R8)(R9*1)

	VPCMPEQB Y11, Y0, Y1
	PUT(Y1, (DI)(DX*1))
	VPCMPEQB percent<>(SB), Y0, Y2
	PUT(Y2, (DI)(DX*2))
	VPCMPEQB ampersand<>(SB), Y0, Y1
	PUT(Y1, (DI)(R9*1))
	VPCMPEQB equals<>(SB), Y0, Y2
	PUT(Y2, (R8))
	VPCMPEQB newline<>(SB), Y0, Y1
	VPCMPEQB Y4, Y0, Y2
	VPOR     Y1, Y2, Y1
	PUT(Y1, (R8)(DX*1))
	VPCMPEQB Y5, Y0, Y1
	VPCMPEQB Y6, Y0, Y2
	VPOR     Y1, Y2, Y1
	PUT(Y1, (R8)(DX*2))
	VPCMPEQB Y3, Y0, Y1
	VPOR     Y1, Y7, Y7

	ADDQ $32, SI
	ADDQ $4, DI
	ADDQ $4, R8
	DECQ CX
	JNZ  half
	PUT(Y7, zeros+32(FP))
	VZEROUPPER
	RET
