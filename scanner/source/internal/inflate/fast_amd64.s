#include "textflag.h"
#include "go_asm.h"

// REFILL holds as many bits as there are, at least 56. It reads 8 bytes.
#define REFILL \
	MOVQ  (SI), DX       \
	SHLXQ CX, DX, DX     \
	ORQ   DX, BX         \
	MOVL  CX, DX         \
	SHRL  $3, DX         \
	ANDL  $7, DX         \
	ADDQ  $7, SI         \
	SUBQ  DX, SI         \
	ORL   $56, CX

// LOOKUP finds what the code for a literal or length means.
#define LOOKUP \
	MOVL BX, DX                  \
	ANDL $(1<<const_litBits-1), DX \
	MOVL (R11)(DX*4), AX

// TAKE takes the bits of what was found.
#define TAKE \
	SHRXQ AX, BX, BX \
	SUBL  AX, CX

// LITERAL writes what was found at a place.
#define LITERAL(to) \
	MOVL AX, DX  \
	SHRL $16, DX \
	MOVB DX, to

// VALUE is the length or distance that was found, with its extra bits.
#define VALUE(to) \
	BZHIQ AX, BX, DX  \
	MOVL  AX, R13     \
	SHRL  $8, R13     \
	SHRXQ R13, DX, DX \
	MOVL  AX, to      \
	SHRL  $16, to     \
	ADDQ  DX, to

// SUB finds what a code means that is longer than a table of so many bits is wide.
#define SUB(width, table) \
	SHRQ  $width, BX        \
	SUBL  $width, CX        \
	MOVL  AX, DX            \
	SHRL  $8, DX            \
	ANDL  $15, DX           \
	BZHIQ DX, BX, DX        \
	SHRL  $16, AX           \
	ADDQ  AX, DX            \
	MOVL  (table)(DX*4), AX

// func decodeBMI2(s *stretch) (is int)
//
// SI and DI are where is read and written, R8 and R9 the last such places, R10 where the output begins; BX has CX bits, of which the
// lowest byte counts; R11 and R12 are the tables, AX is what was found in one.
TEXT ·decodeBMI2(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ stretch_src(AX), SI
	MOVQ stretch_srcLast(AX), R8
	ADDQ SI, R8
	ADDQ stretch_in(AX), SI
	MOVQ stretch_dst(AX), R10
	MOVQ stretch_dstLast(AX), R9
	ADDQ R10, R9
	MOVQ R10, DI
	ADDQ stretch_out(AX), DI
	MOVQ stretch_bits(AX), BX
	MOVQ stretch_n(AX), CX
	MOVQ stretch_lit(AX), R11
	MOVQ stretch_dist(AX), R12

next:
	CMPQ SI, R8
	JA   stop
	CMPQ DI, R9
	JA   stop
	REFILL
	LOOKUP

found:
	TESTL AX, AX
	JNS   match
	TAKE
	LITERAL((DI))
	LOOKUP
	TESTL AX, AX
	JNS   match1
	TAKE
	LITERAL(1(DI))
	LOOKUP
	TESTL AX, AX
	JNS   match2
	TAKE
	LITERAL(2(DI))
	ADDQ  $3, DI
	JMP   next

match2:
	INCQ DI

match1:
	INCQ DI
	REFILL

match:
	TESTL $const_isSpecial, AX
	JNZ   special

length:
	VALUE(R15)
	TAKE
	MOVBLZX BX, DX
	MOVL    (R12)(DX*4), AX
	TESTL   $const_isSpecial, AX
	JNZ     far

distance:
	VALUE(R14)
	TAKE
	MOVQ DI, R13
	SUBQ R14, R13
	CMPQ R13, R10
	JB   bad
	ADDQ DI, R15   // where the match ends
	REFILL
	LOOKUP
	CMPQ R14, $16
	JB   near
	MOVOU (R13), X0
	MOVOU X0, (DI)
	MOVOU 16(R13), X0
	MOVOU X0, 16(DI)
	ADDQ  $32, DI
	CMPQ  DI, R15
	JAE   copied

copy:
	MOVOU 32(R13), X0
	MOVOU X0, (DI)
	ADDQ  $16, R13
	ADDQ  $16, DI
	CMPQ  DI, R15
	JB    copy

copied:
	MOVQ R15, DI
	CMPQ SI, R8
	JA   stop
	CMPQ DI, R9
	JBE  found
	JMP  stop

near:
	CMPQ R14, $8
	JB   nearer

words:
	MOVQ (R13), DX
	MOVQ DX, (DI)
	ADDQ $8, R13
	ADDQ $8, DI
	CMPQ DI, R15
	JB   words
	JMP  copied

nearer:
	MOVQ (R13), DX
	MOVQ DX, (DI)
	ADDQ R14, R13
	ADDQ R14, DI
	CMPQ DI, R15
	JB   nearer
	JMP  copied

special:
	TESTL $const_isLink, AX
	JZ    end
	SUB(const_litBits, R11)
	TESTL AX, AX
	JNS   longer
	TAKE
	LITERAL((DI))
	INCQ  DI
	JMP   next

longer:
	TESTL $const_isSpecial, AX
	JZ    length

end:
	TAKE
	TESTL $const_isEnd, AX
	JZ    bad
	MOVQ  $const_blockEnded, DX
	JMP   done

far:
	TESTL $const_isLink, AX
	JZ    bad
	SUB(const_distBits, R12)
	TESTL $const_isSpecial, AX
	JZ    distance

bad:
	MOVQ $const_broken, DX
	JMP  done

stop:
	MOVQ $const_stopped, DX

done:
	MOVQ DX, is+8(FP)
	MOVQ s+0(FP), AX
	SUBQ stretch_src(AX), SI
	MOVQ SI, stretch_in(AX)
	SUBQ R10, DI
	MOVQ DI, stretch_out(AX)
	MOVQ BX, stretch_bits(AX)
	ANDQ $63, CX
	MOVQ CX, stretch_n(AX)
	RET
