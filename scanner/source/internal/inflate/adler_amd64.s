#include "textflag.h"

// weights are by how much the sum of sums counts each of 32 bytes.
DATA weights<>+0(SB)/8, $0x191a1b1c1d1e1f20
DATA weights<>+8(SB)/8, $0x1112131415161718
DATA weights<>+16(SB)/8, $0x090a0b0c0d0e0f10
DATA weights<>+24(SB)/8, $0x0102030405060708
GLOBL weights<>(SB), RODATA|NOPTR, $32

// TOTAL adds the lanes of 32 bits up.
#define TOTAL(x, y, to) \
	VEXTRACTI128 $1, y, X6   \
	VPADDD       X6, x, x    \
	VPSHUFD      $0x4e, x, X6 \
	VPADDD       X6, x, x    \
	VPSHUFD      $0xb1, x, X6 \
	VPADDD       X6, x, x    \
	VMOVD        x, to

// func adlerAVX2(p *byte, blocks int) (sum, sums uint32)
//
// Y1 are the sums of bytes, Y2 the sums of what Y1 was before each block, Y3 those of bytes by their weights.
TEXT ·adlerAVX2(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VMOVDQU weights<>(SB), Y4
	VPCMPEQW Y5, Y5, Y5
	VPSRLW $15, Y5, Y5 // ones

block:
	VMOVDQU    (SI), Y6
	VPADDD     Y1, Y2, Y2
	VPSADBW    Y0, Y6, Y7
	VPADDD     Y7, Y1, Y1
	VPMADDUBSW Y4, Y6, Y6
	VPMADDWD   Y5, Y6, Y6
	VPADDD     Y6, Y3, Y3
	ADDQ       $32, SI
	DECQ       CX
	JNZ        block

	VPSLLD $5, Y2, Y2
	VPADDD Y2, Y3, Y3
	TOTAL(X1, Y1, AX)
	TOTAL(X3, Y3, BX)
	VZEROUPPER
	MOVL AX, sum+16(FP)
	MOVL BX, sums+20(FP)
	RET
