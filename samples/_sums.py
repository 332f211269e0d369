"""The arithmetic of the two returns, by the rules for 令和7年分."""

from __future__ import annotations

from dataclasses import dataclass

from ._people import Books, Expense, Taxpayer

SPECIAL_DEDUCTION = 650_000

# Income up to, tax rate in percent, amount to subtract.
_BRACKETS = (
    (1_949_000, 5, 0),
    (3_299_000, 10, 97_500),
    (6_949_000, 20, 427_500),
    (8_999_000, 23, 636_000),
    (17_999_000, 33, 1_536_000),
    (39_999_000, 40, 2_796_000),
)

# Total income up to, basic deduction.
_BASIC = ((1_320_000, 950_000), (3_360_000, 880_000), (4_890_000, 680_000), (6_550_000, 630_000), (23_500_000, 580_000))


def spread(total: int, unit: int = 100) -> list[int]:
    """Twelve uneven months that add up to the total."""
    weights = (78, 74, 112, 96, 80, 79, 82, 70, 83, 84, 85, 77)
    months = [total * weight // 1000 // unit * unit for weight in weights[:-1]]
    return [*months, total - sum(months)]


@dataclass(frozen=True)
class Business:
    """Profit and loss, and the balance sheet at the end of the year."""

    books: Books

    @property
    def sales(self) -> int:
        return self.books.sales_standard + self.books.sales_reduced

    @property
    def purchases(self) -> int:
        return self.books.purchases_standard + self.books.purchases_reduced

    @property
    def cost_of_sales(self) -> int:
        return self.books.stock[0] + self.purchases - self.books.stock[1]

    @property
    def gross(self) -> int:
        return self.sales - self.cost_of_sales

    @property
    def small_assets_deductible(self) -> int:
        return self.books.small_assets // 3

    @property
    def depreciation(self) -> int:
        return sum(asset.deductible() for asset in self.books.assets) + self.small_assets_deductible

    @property
    def expenses(self) -> tuple[Expense, ...]:
        """In the order of the form."""
        books = self.books
        return (
            *books.expenses_before,
            Expense("減価償却費", self.depreciation, taxable=False),
            Expense("福利厚生費", 24_200),
            Expense("給料賃金", sum(worker.total for worker in books.staff), taxable=False),
            Expense("利子割引料", books.interest, taxable=False),
            Expense("地代家賃", books.rent_month * 12),
            Expense("支払報酬", books.accountant_fee),
            *books.expenses_after,
        )

    @property
    def expenses_total(self) -> int:
        return sum(expense.amount for expense in self.expenses)

    @property
    def allowance(self) -> tuple[int, int]:
        """Allowance for bad debts, 5.5 per cent of what customers owe: taken back, put in."""
        return self.books.receivable[0] * 55 // 1000, self.books.receivable[1] * 55 // 1000

    @property
    def net(self) -> int:
        """Income before the special deduction."""
        back, put_in = self.allowance
        return self.gross - self.expenses_total + back - put_in - self.books.family_worker.total

    @property
    def income(self) -> int:
        return self.net - SPECIAL_DEDUCTION

    def assets(self) -> list[tuple[str, int | None, int]]:
        """Start and end of the year. What the owner drew is what balances the sheet."""
        books = self.books
        rows: list[tuple[str, int | None, int]] = [
            ("現金", *books.cash),
            ("普通預金", *books.bank),
            ("売掛金", *books.receivable),
            ("棚卸資産", *books.stock),
            ("前払金", *books.prepaid),
            *((asset.label, asset.book_value(2024), asset.book_value()) for asset in books.assets),
            ("一括償却資産", None, books.small_assets - self.small_assets_deductible),
            ("敷金", books.deposit, books.deposit),
        ]
        drawn = sum(end for _, _, end in self.liabilities()) - sum(end for _, _, end in rows)
        return [*rows, ("事業主貸", None, drawn)]

    def liabilities(self) -> list[tuple[str, int | None, int]]:
        books = self.books
        debts: list[tuple[str, int, int]] = [
            ("買掛金", *books.payable),
            ("借入金", *books.loan),
            ("未払金", *books.accrued),
            ("預り金", *books.withheld),
            ("貸倒引当金", *self.allowance),
        ]
        start = sum(
            (books.cash[0], books.bank[0], books.receivable[0], books.stock[0], books.prepaid[0], books.deposit)
        )
        start += sum(asset.book_value(2024) for asset in books.assets)
        capital = start - sum(begin for _, begin, _ in debts)
        return [
            *debts,
            ("事業主借", None, books.owner_paid_in),
            ("元入金", capital, capital),
            ("青色申告特別控除前の所得金額", None, self.net),
        ]


@dataclass(frozen=True)
class IncomeTax:
    taxpayer: Taxpayer

    @property
    def business(self) -> Business:
        return Business(self.taxpayer.books)

    @property
    def income(self) -> int:
        return self.business.income

    @property
    def social(self) -> int:
        return self.taxpayer.deductions.pension + self.taxpayer.deductions.health_insurance

    @property
    def life(self) -> int:
        """New contracts: half of 20,000 to 40,000 above 20,000, a quarter above 40,000, at most 40,000 each."""
        return sum(
            min(paid, 20_000) + max(0, min(paid, 40_000) - 20_000) // 2 + max(0, min(paid, 80_000) - 40_000) // 4
            for paid in (self.taxpayer.deductions.life_insurance, self.taxpayer.deductions.pension_insurance)
        )

    @property
    def earthquake(self) -> int:
        return min(self.taxpayer.deductions.earthquake, 50_000)

    @property
    def dependants(self) -> int:
        return 380_000

    @property
    def basic(self) -> int:
        return next(amount for limit, amount in _BASIC if self.income <= limit)

    @property
    def donation(self) -> int:
        return self.taxpayer.deductions.donation - 2_000

    @property
    def medical_threshold(self) -> int:
        return min(100_000, self.income // 20)

    @property
    def medical(self) -> int:
        return max(0, self.taxpayer.deductions.medical - self.medical_threshold)

    @property
    def deductions_without_receipts(self) -> int:
        """Up to the basic deduction; medical expenses and donations come after it on the form."""
        insurance = self.social + self.taxpayer.deductions.mutual_aid + self.life + self.earthquake
        return insurance + self.dependants + self.basic

    @property
    def deductions(self) -> int:
        return self.deductions_without_receipts + self.medical + self.donation

    @property
    def taxable(self) -> int:
        return (self.income - self.deductions) // 1000 * 1000

    @property
    def tax(self) -> int:
        rate, minus = next((rate, minus) for limit, rate, minus in _BRACKETS if self.taxable <= limit)
        return self.taxable * rate // 100 - minus

    @property
    def surtax(self) -> int:
        """復興特別所得税, 2.1 per cent."""
        return self.tax * 21 // 1000

    @property
    def total(self) -> int:
        return self.tax + self.surtax

    @property
    def due(self) -> int:
        return self.total // 100 * 100

    @property
    def to_pay(self) -> int:
        return self.due - self.taxpayer.books.interim_income_tax


@dataclass(frozen=True)
class ConsumptionTax:
    """The general method, all purchases for taxable sales; rates 6.24 and 7.8 per cent, local tax 22/78."""

    books: Books

    @property
    def sales_net(self) -> tuple[int, int]:
        """Without tax: reduced rate, standard rate."""
        return self.books.sales_reduced * 100 // 108, self.books.sales_standard * 100 // 110

    @property
    def base(self) -> tuple[int, int]:
        reduced, standard = self.sales_net
        return reduced // 1000 * 1000, standard // 1000 * 1000

    @property
    def tax_on_sales(self) -> tuple[int, int]:
        reduced, standard = self.base
        return reduced * 624 // 10_000, standard * 78 // 1000

    @property
    def purchases(self) -> tuple[int, int]:
        """With tax: reduced rate, standard rate."""
        taxed = sum(expense.amount for expense in Business(self.books).expenses if expense.taxable)
        return self.books.purchases_reduced, self.books.purchases_standard + taxed + self.books.small_assets

    @property
    def tax_on_purchases(self) -> tuple[int, int]:
        reduced, standard = self.purchases
        return reduced * 624 // 10_800, standard * 78 // 1100

    @property
    def difference(self) -> int:
        return (sum(self.tax_on_sales) - sum(self.tax_on_purchases)) // 100 * 100

    @property
    def local(self) -> int:
        return self.difference * 22 // 78 // 100 * 100

    @property
    def to_pay(self) -> int:
        return self.difference - self.books.interim_consumption_tax

    @property
    def local_to_pay(self) -> int:
        return self.local - self.books.interim_local_tax
