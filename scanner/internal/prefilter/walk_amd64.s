#include "textflag.h"

// STEP takes a byte in the state S.
#define STEP(BYTE, S) \
	MOVBLZX BYTE, R15 \
	MOVBLZX (DI)(R15*1), R15 \
	SHLQ    $6, S \
	ORQ     R15, S \
	MOVWLZX (SI)(S*2), S

// func walkSmall(next *uint16, column *[256]uint8, states *[streams]uint, text *byte, stride, i, n int) int
//
// AX is the place in the first stream and CX in the fourth, BX the stride, DX where the first stream ends.
TEXT ·walkSmall(SB), NOSPLIT, $0-64
	MOVQ next+0(FP), SI
	MOVQ column+8(FP), DI
	MOVQ states+16(FP), R15
	MOVQ 0(R15), R8
	MOVQ 8(R15), R9
	MOVQ 16(R15), R10
	MOVQ 24(R15), R11
	MOVQ 32(R15), R12
	MOVQ 40(R15), R13
	MOVQ text+24(FP), AX
	MOVQ stride+32(FP), BX
	MOVQ n+48(FP), DX
	ADDQ AX, DX
	ADDQ i+40(FP), AX
	LEAQ (BX)(BX*2), CX
	ADDQ AX, CX

loop:
	STEP((AX), R8)
	STEP((AX)(BX*1), R9)
	STEP((AX)(BX*2), R10)
	STEP((CX), R11)
	STEP((CX)(BX*1), R12)
	STEP((CX)(BX*2), R13)
	MOVQ  R8, R15
	ORQ   R9, R15
	ORQ   R10, R15
	ORQ   R11, R15
	ORQ   R12, R15
	ORQ   R13, R15
	TESTL $0x8000, R15
	JNZ   done
	INCQ  AX
	INCQ  CX
	CMPQ  AX, DX
	JLT   loop

done:
	MOVQ states+16(FP), R15
	MOVQ R8, 0(R15)
	MOVQ R9, 8(R15)
	MOVQ R10, 16(R15)
	MOVQ R11, 24(R15)
	MOVQ R12, 32(R15)
	MOVQ R13, 40(R15)
	SUBQ text+24(FP), AX
	MOVQ AX, ret+56(FP)
	RET
